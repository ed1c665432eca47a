using System.Buffers;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Tally.Testing.Hostile;

namespace Tally.Benchmarks.Fuzz;

/// <summary>The client's receive path in memory: its buffer, its splitter, its decoders, without its session.</summary>
/// <param name="version">Of MQTT.</param>
internal sealed class CodecTarget(MqttProtocolVersion version) : IDisposable
{
    private readonly PacketSplitter _splitter = new(HostilePackets.MaximumPacketSize);
    private readonly ReceiveBuffer _input = new();
    private ReceivedTopicAliases? _aliases;
    private byte[] _scratch = [];

    /// <summary>Topic aliases allowed to the broker in the runs from here on; they begin anew.</summary>
    public ushort TopicAliasMaximum { set => _aliases = value == 0 ? null : new ReceivedTopicAliases(value); }

    /// <summary>Packets handed over in the last run.</summary>
    public int Packets { get; private set; }

    /// <summary>Of all packets handed over in the last run: the same bytes give the same, however they arrive.</summary>
    public ulong Fingerprint { get; private set; }

    /// <summary>Lets the bytes arrive all at once.</summary>
    public Ending Run(ReadOnlyMemory<byte> bytes) => Guard(() => Split(new ReadOnlySequence<byte>(bytes), out var rest) && rest.IsEmpty);

    /// <summary>Lets the bytes arrive through the receive buffer, as the stream hands them out.</summary>
    public Ending Run(PortionedStream stream) => Guard(() =>
    {
        var whole = true;
        while (_input.Fill(stream) > 0)
        {
            if (!_input.TryGet(out var buffer)) continue;
            var taken = false;
            try
            {
                Split(buffer, out var rest);
                _input.Take(rest.Start, buffer.End);
                taken = true;
                whole = rest.IsEmpty;
            }
            finally
            {
                if (!taken) _input.Take(buffer.End, buffer.End);
            }
        }

        // What is left of a packet cut short must not stand before the next case.
        if (!whole) Forget();
        return whole;
    });

    public void Dispose() => _input.Dispose();

    private void Forget()
    {
        _input.Fill(new MemoryStream([0]));
        if (_input.TryGet(out var left)) _input.Take(left.End, left.End);
    }

    private Ending Guard(Func<bool> run)
    {
        Packets = 0;
        Fingerprint = 14_695_981_039_346_656_037;
        try
        {
            return run() ? Ending.Accepted : Ending.Incomplete;
        }
        catch (MqttException refused)
        {
            return new Ending(EndingKind.Refused, refused.Reason);
        }
        catch (Exception)
        {
            // This is what is being looked for; the census of exceptions has its type.
            return new Ending(EndingKind.Defect);
        }
    }

    private bool Split(ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> rest)
    {
        var sink = new Sink(this);
        _splitter.Split(buffer, ref sink, out rest);
        return true;
    }

    private void Take(FixedHeader header, ReadOnlySpan<byte> body)
    {
        switch (header.Type)
        {
            case PacketType.ConnAck when version == MqttProtocolVersion.V311:
                ConnAckPacket.DecodeVersion311(body);
                break;
            case PacketType.Disconnect or PacketType.Auth when version == MqttProtocolVersion.V311:
                throw Violation.Protocol($"{header.Type} in MQTT 3.1.1");
            case PacketType.ConnAck:
                ConnAckPacket.Decode(body);
                break;
            case PacketType.Publish:
                var publish = PublishPacket.Decode(header.Flags, body, ref _scratch, version, _aliases);
                foreach (var pair in publish.UserProperties) Note(pair.Name.Length + pair.Value.Length);
                foreach (var identifier in publish.SubscriptionIdentifiers) Note((int)identifier);
                break;
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp:
                AckPacket.Decode(header.Type, body, ref _scratch, version);
                break;
            case PacketType.SubAck or PacketType.UnsubAck:
                SubAckPacket.Decode(header.Type, body, ref _scratch, version);
                break;
            case PacketType.Disconnect:
                DisconnectPacket.Decode(body);
                break;
            case PacketType.Auth:
                AuthPacket.Decode(body);
                break;
            default:
                if (!body.IsEmpty) throw Violation.Malformed("a body where none belongs");
                break;
        }

        Packets++;
        Note(header.PacketLength);
        Note(body.IsEmpty ? 0 : body[^1]);
    }

    private void Note(int value) => Fingerprint = (Fingerprint ^ (ulong)value) * 1_099_511_628_211;

    private readonly struct Sink(CodecTarget target) : IPacketSink
    {
        public bool Take(FixedHeader header, ReadOnlySpan<byte> body)
        {
            target.Take(header, body);
            return true;
        }
    }
}
