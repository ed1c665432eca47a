using Tally.Mqtt;

namespace Tally.Benchmarks.Client;

/// <summary>What the two sides agree on.</summary>
/// <param name="Broker">With user and password.</param>
/// <param name="Qos">Of all messages.</param>
/// <param name="WarmUp">Messages before measuring.</param>
/// <param name="Messages">Messages measured.</param>
internal sealed record ClientLoad(Uri Broker, MqttQos Qos, int WarmUp, int Messages)
{
    /// <summary>The message of DESIGN's comparison with MQTTnet.</summary>
    public const int PayloadBytes = 100;

    /// <summary>Topic of all messages.</summary>
    public const string Topic = "telemetry/device-1/temperature";

    /// <summary>Options of one side.</summary>
    public MqttClientOptions Options(string clientId, params MqttSubscription[] subscriptions) =>
        new() { Broker = Broker, ClientId = clientId, CleanStart = true, Subscriptions = subscriptions };
}
