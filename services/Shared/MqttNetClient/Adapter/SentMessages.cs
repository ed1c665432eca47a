using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>One <see cref="IMqttClient.PublishAsync"/> and its result.</summary>
internal sealed class PendingPublish(MqttPublishPacket packet, int length)
    : TaskCompletionSource<MqttReasonCode>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>The message, still without packet identifier.</summary>
    public MqttPublishPacket Packet { get; } = packet;

    /// <summary>Bytes of it.</summary>
    public int Length { get; } = length;
}

/// <summary>A message of ours that waits for its acknowledgement.</summary>
internal sealed class SentMessage(MqttPublishPacket packet, int length, long token, PendingPublish? pending)
{
    /// <summary>The message itself.</summary>
    public MqttPublishPacket Packet { get; } = packet;

    /// <summary>Bytes of it.</summary>
    public int Length { get; } = length;

    /// <summary>Of who published it.</summary>
    public long Token { get; } = token;

    /// <summary>Who waits for it; null: the owner is told.</summary>
    public PendingPublish? Pending { get; } = pending;

    /// <summary>PUBREC came: from now on it is PUBREL that is sent again (4.3.3).</summary>
    public bool IsReleased { get; set; }

    /// <summary>What PUBREC said: 0x10 tells that nobody subscribes.</summary>
    public MqttReasonCode Reason { get; set; }

    /// <summary>It was sent on the open connection.</summary>
    public bool IsSent { get; set; } = true;
}

/// <summary>
/// Messages of ours in flight, in the order of publishing (4.4, 4.6): MQTTnet does not keep them. Used under the
/// session's lock.
/// </summary>
internal sealed class SentMessages(int capacity)
{
    /// <summary>No more bytes than this wait at once, however large the messages, as with the built-in client. One is always let in.</summary>
    private const int BytesLimit = InFlightMessages.BytesLimit;

    private readonly LinkedList<SentMessage> _inOrder = new();
    private readonly Dictionary<ushort, LinkedListNode<SentMessage>> _byId = [];
    private long _bytes;
    private ushort _lastId;

    /// <summary>Highest packet identifier.</summary>
    public int Capacity => capacity;

    /// <summary>How many.</summary>
    public int Count => _inOrder.Count;

    /// <summary>How many of them at QoS 2.</summary>
    public int ExactlyOnceCount { get; private set; }

    /// <summary>The oldest.</summary>
    public LinkedListNode<SentMessage>? First => _inOrder.First;

    /// <summary>There is a free packet identifier and memory.</summary>
    public bool HasRoom => Count < capacity && _bytes < BytesLimit;

    /// <summary>Gives a message its packet identifier and puts it behind the others.</summary>
    public void Add(MqttPublishPacket packet, int length, long token, PendingPublish? pending)
    {
        // In turn: one used again at once would hide a late acknowledgement.
        do _lastId = _lastId >= capacity ? (ushort)1 : (ushort)(_lastId + 1);
        while (_byId.ContainsKey(_lastId));
        packet.PacketIdentifier = _lastId;
        _byId.Add(_lastId, _inOrder.AddLast(new SentMessage(packet, length, token, pending)));
        _bytes += length;
        if (IsExactlyOnce(packet)) ExactlyOnceCount++;
    }

    /// <summary>Finds the one with that packet identifier.</summary>
    public LinkedListNode<SentMessage>? Find(ushort packetId) => _byId.GetValueOrDefault(packetId);

    /// <summary>Ends its waiting.</summary>
    public void Remove(LinkedListNode<SentMessage> message)
    {
        _byId.Remove(message.Value.Packet.PacketIdentifier);
        _inOrder.Remove(message);
        _bytes -= message.Value.Length;
        if (IsExactlyOnce(message.Value.Packet)) ExactlyOnceCount--;
    }

    private static bool IsExactlyOnce(MqttPublishPacket packet) => packet.QualityOfServiceLevel == MqttQualityOfServiceLevel.ExactlyOnce;
}
