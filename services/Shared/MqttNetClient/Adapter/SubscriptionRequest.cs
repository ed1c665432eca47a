using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Filters to subscribe to or to unsubscribe from, in as many packets as it takes, and the answers so far.</summary>
internal sealed class SubscriptionRequest : TaskCompletionSource<IReadOnlyList<MqttReasonCode>>
{
    // AWS takes no more in one packet.
    private const int MostInAPacket = 8;

    private readonly List<MqttReasonCode> _reasons = [];

    private SubscriptionRequest(IReadOnlyList<MqttSubscription> filters, bool isUnsubscribe, bool isOfConnection)
        : base(TaskCreationOptions.RunContinuationsAsynchronously) =>
        (Filters, IsUnsubscribe, IsOfConnection) = (filters, isUnsubscribe, isOfConnection);

    /// <summary>All of them.</summary>
    public IReadOnlyList<MqttSubscription> Filters { get; }

    /// <summary>UNSUBSCRIBE, else SUBSCRIBE.</summary>
    public bool IsUnsubscribe { get; }

    /// <summary>A connection needs it to be ready; made anew with each.</summary>
    public bool IsOfConnection { get; }

    /// <summary>Answers so far, in order.</summary>
    public IReadOnlyList<MqttReasonCode> Reasons => _reasons;

    /// <summary>All are answered.</summary>
    public bool IsComplete => _reasons.Count == Filters.Count;

    /// <summary>A request to subscribe.</summary>
    public static SubscriptionRequest Subscribe(IReadOnlyList<MqttSubscription> filters, bool ofConnection) => new(filters, isUnsubscribe: false, ofConnection);

    /// <summary>A request to unsubscribe.</summary>
    public static SubscriptionRequest Unsubscribe(IReadOnlyList<string> filters) =>
        new([.. filters.Select(filter => new MqttSubscription(filter))], isUnsubscribe: true, isOfConnection: false);

    /// <summary>The connection ended: all of it is asked again.</summary>
    public void StartAgain() => _reasons.Clear();

    /// <summary>Takes answers to the packet that was sent last.</summary>
    public void Take(IReadOnlyList<MqttReasonCode> reasons) => _reasons.AddRange(reasons);

    /// <summary>The next packet, and how many filters are in it.</summary>
    public (MqttPacket Packet, int Count) NextPacket(ushort packetId)
    {
        // The identifier belongs to the packet (3.8.2.1.2), so those with another one wait for the next.
        var rest = Filters.Skip(_reasons.Count);
        var identifier = rest.First().Identifier;
        List<MqttSubscription> now = [.. rest.TakeWhile(filter => filter.Identifier == identifier).Take(MostInAPacket)];
        MqttPacket packet = IsUnsubscribe
            ? new MqttUnsubscribePacket { PacketIdentifier = packetId, TopicFilters = [.. now.Select(filter => filter.Filter)] }
            : new MqttSubscribePacket { PacketIdentifier = packetId, SubscriptionIdentifier = identifier ?? 0, TopicFilters = [.. now.Select(Filter)] };
        return (packet, now.Count);
    }

    private static MqttTopicFilter Filter(MqttSubscription subscription) => new()
    {
        Topic = subscription.Filter,
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)subscription.Qos,
        NoLocal = subscription.NoLocal,
        RetainAsPublished = subscription.RetainAsPublished,
        RetainHandling = (MQTTnet.Protocol.MqttRetainHandling)subscription.RetainHandling,
    };
}
