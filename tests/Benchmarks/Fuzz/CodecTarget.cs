using MQTTnet.Packets;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Tally.Benchmarks.Fuzz.Hostile;

namespace Tally.Benchmarks.Fuzz;

/// <summary>The client's receive path in memory: its buffer and its decoder, without its session.</summary>
/// <param name="version">Of MQTT.</param>
internal sealed class CodecTarget(MqttProtocolVersion version)
{
    private readonly PacketDecoder _decoder = new(version);

    /// <summary>Packets handed over in the last run.</summary>
    public int Packets { get; private set; }

    /// <summary>Of all packets handed over in the last run: the same bytes give the same, however they arrive.</summary>
    public ulong Fingerprint { get; private set; }

    /// <summary>Lets the bytes arrive all at once.</summary>
    public Ending Run(ReadOnlyMemory<byte> bytes)
    {
        using var whole = new PortionedStream(new Dice(0));
        whole.Reset(bytes, int.MaxValue - 1);
        return Run(whole);
    }

    /// <summary>Lets the bytes arrive as the stream hands them out.</summary>
    public Ending Run(PortionedStream stream)
    {
        var buffer = new PacketBuffer(HostileClient.MaximumPacketSize, 4096);
        Packets = 0;
        Fingerprint = 14_695_981_039_346_656_037;
        try
        {
            while (buffer.Fill(stream) > 0)
            {
                while (buffer.TryTake(out var first, out var body))
                {
                    if (_decoder.Decode(first, body) is MqttPublishPacket publish) Note((int)publish.Payload.Length);
                    Packets++;
                    Note(body.Count);
                    Note(body.Count == 0 ? 0 : body[^1]);
                }
            }

            return buffer.Rest.IsEmpty ? Ending.Accepted : Ending.Incomplete;
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

    private void Note(int value) => Fingerprint = (Fingerprint ^ (ulong)value) * 1_099_511_628_211;
}
