using BenchmarkDotNet.Attributes;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.Benchmarks.Client;

/// <summary>Encoding and decoding the packets there are many of, without broker and socket.</summary>
[MemoryDiagnoser]
public class CodecBenchmark
{
    // As many as a read brings; and enough that one packet's place in the processor's caches is that of a stream.
    private const int Packets = 1_000;

    private readonly byte[] _payload = new byte[ClientLoad.PayloadBytes];
    private readonly byte[] _userProperties = MqttUserProperties.Encode(("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    private readonly PacketSplitter _splitter = new(int.MaxValue);
    private byte[] _encoded = [];
    private byte[] _withProperties = [];
    private byte[] _acknowledgements = [];
    private byte[] _scratch = [];

    /// <summary>Encodes what is decoded, which also warms up.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _encoded = new byte[Packets * 256];
        _withProperties = new byte[Packets * 512];
        _acknowledgements = new byte[Packets * AckPacket.ShortLength];
        Array.Resize(ref _encoded, EncodePublish());
        Array.Resize(ref _withProperties, EncodePublishWithProperties());
        EncodeAcknowledgements();
    }

    /// <summary>PUBLISH at QoS 1, 100 bytes, without properties.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public int EncodePublish()
    {
        var at = 0;
        for (var packet = 1; packet <= Packets; packet++)
            at += Encode(_encoded.AsSpan(at), new MqttPublication { Topic = ClientLoad.Topic, Payload = _payload, Qos = MqttQos.AtLeastOnce }, packet);
        return at;
    }

    /// <summary>With the properties of a reading that is traced and wants an answer.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public int EncodePublishWithProperties()
    {
        var at = 0;
        for (var packet = 1; packet <= Packets; packet++)
        {
            var publication = new MqttPublication
            {
                Topic = ClientLoad.Topic,
                Payload = _payload,
                ContentType = "application/json"u8,
                ResponseTopic = "acks/simulator"u8,
                UserProperties = new MqttUserProperties(_userProperties),
                Qos = MqttQos.AtLeastOnce,
            };
            at += Encode(_withProperties.AsSpan(at), publication, packet);
        }

        return at;
    }

    /// <summary>PUBACK.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public void EncodeAcknowledgements()
    {
        for (var packet = 0; packet < Packets; packet++)
            AckPacket.WriteShort(_acknowledgements.AsSpan(packet * AckPacket.ShortLength), PacketType.PubAck, (ushort)(packet + 1));
    }

    /// <summary>Splits and decodes a read of PUBLISH.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public int DecodePublish() => Decode(_encoded);

    /// <summary>Likewise, with properties.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public int DecodePublishWithProperties() => Decode(_withProperties);

    /// <summary>Splits and decodes a read of PUBACK.</summary>
    [Benchmark(OperationsPerInvoke = Packets)]
    public int DecodeAcknowledgements() => Decode(_acknowledgements);

    private static int Encode(Span<byte> to, in MqttPublication publication, int packetId)
    {
        var encoder = new PublishEncoder(publication);
        encoder.Write(to, publication, (ushort)packetId);
        return encoder.PacketLength;
    }

    private int Decode(byte[] read)
    {
        var sink = new Sink(this);
        return _splitter.Split(new(read), ref sink, out _);
    }

    private readonly struct Sink(CodecBenchmark benchmark) : IPacketSink
    {
        public bool Take(FixedHeader header, ReadOnlySpan<byte> body)
        {
            if (header.Type == PacketType.Publish) PublishPacket.Decode(header.Flags, body, ref benchmark._scratch);
            else AckPacket.Decode(header.Type, body, ref benchmark._scratch);
            return true;
        }
    }
}
