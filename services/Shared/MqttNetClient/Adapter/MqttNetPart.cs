using Microsoft.Extensions.Logging;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>The client on MQTTnet, as <see cref="MqttClientChoice"/> sees it.</summary>
internal static class MqttNetPart
{
    public static string? WhyNot => null;

    public static IMqttClientFactory Factory(ILoggerFactory? loggers) => new MqttNetClientFactory(loggers);
}
