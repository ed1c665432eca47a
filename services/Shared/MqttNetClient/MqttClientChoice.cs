using Microsoft.Extensions.Logging;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Which MQTT client a process speaks through: <c>Mqtt:Client</c>, <c>--client</c>.</summary>
public static class MqttClientChoice
{
    /// <summary>Name of the built-in client, which is also the one without any name.</summary>
    public const string BuiltIn = "builtin";

    /// <summary>Name of the client on MQTTnet.</summary>
    public const string MqttNet = "MQTTnet";

    /// <summary>All names, in the words of a command line.</summary>
    public const string Allowed = $"{BuiltIn} or {MqttNet}";

    /// <summary>Why a client cannot be had, with the way out; null when it can.</summary>
    /// <param name="name">Its name, in any case; null or empty: the built-in one.</param>
    /// <param name="setting">Where the name was given, as in <c>--client</c>.</param>
    public static string? WhyNot(string? name, string setting)
    {
        if (IsBuiltIn(name)) return null;
        if (!IsMqttNet(name)) return $"{setting} is '{name}': expected {Allowed}.";
        return MqttNetPart.WhyNot is { } reason ? $"{setting} is '{name}': {reason}" : null;
    }

    /// <summary>Makes the factory of a client.</summary>
    /// <param name="name">Its name; null or empty: the built-in one.</param>
    /// <param name="loggers">Where its clients log.</param>
    /// <exception cref="ArgumentException"><see cref="WhyNot"/> says that it cannot be had.</exception>
    public static IMqttClientFactory Factory(string? name, ILoggerFactory? loggers = null)
    {
        if (WhyNot(name, nameof(name)) is { } reason) throw new ArgumentException(reason, nameof(name));
        return IsBuiltIn(name) ? new MqttClientFactory(loggers) : MqttNetPart.Factory(loggers);
    }

    private static bool IsBuiltIn(string? name) => string.IsNullOrEmpty(name) || name.Equals(BuiltIn, StringComparison.OrdinalIgnoreCase);

    private static bool IsMqttNet(string? name) => MqttNet.Equals(name, StringComparison.OrdinalIgnoreCase);
}
