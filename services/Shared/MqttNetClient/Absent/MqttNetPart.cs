using Microsoft.Extensions.Logging;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Stands in for the client on MQTTnet where the package was not there to compile it.</summary>
internal static class MqttNetPart
{
    public static string? WhyNot =>
        "this build has no MQTTnet, because its package was not in the NuGet package folder. " +
        "Let NuGet restore it from a feed that has it (./run.sh tries to once a day, and at once when artifacts/optional is deleted) and build again, or leave the setting out for the built-in client.";

    public static IMqttClientFactory Factory(ILoggerFactory? loggers) => throw new NotSupportedException(WhyNot);
}
