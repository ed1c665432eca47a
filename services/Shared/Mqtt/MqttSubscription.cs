namespace Tally.Mqtt;

/// <summary>One topic filter to subscribe to (3.8.3), or a shared one, <c>$share/group/filter</c> (4.8.2).</summary>
/// <param name="Filter">Topic filter; may hold wildcards.</param>
/// <param name="Qos">Highest QoS to deliver with.</param>
/// <param name="NoLocal">Do not deliver what this client published itself. Not allowed with a shared subscription (3.8.3.1).</param>
public sealed record MqttSubscription(string Filter, MqttQos Qos = MqttQos.AtLeastOnce, bool NoLocal = false)
{
    /// <summary>Messages keep the retain flag that they were published with (3.8.3.1); else it means "was kept for you".</summary>
    public bool RetainAsPublished { get; init; }
    /// <summary>Whether retained messages are sent when subscribing (3.8.3.1).</summary>
    public MqttRetainHandling RetainHandling { get; init; }
    /// <summary>Comes with each message that matches (3.8.2.1.2): 1 to 268,435,455; null: none.</summary>
    public uint? Identifier { get; init; }
}
