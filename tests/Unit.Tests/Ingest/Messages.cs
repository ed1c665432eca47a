using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Contracts.Payloads;
using Tally.Mqtt;

namespace Tally.Unit.Tests.Ingest;

/// <summary>A message as the tests write it; the client's own looks into a receive buffer and cannot be kept.</summary>
internal sealed record TestMessage(string Topic, string Payload)
{
    public string ContentType { get; init; } = "";

    public string ResponseTopic { get; init; } = "";

    public byte[] Correlation { get; init; } = [];

    public int Epoch { get; init; } = 1;

    public ushort PacketId { get; init; } = 1;

    public bool Duplicate { get; init; }

    public bool Retain { get; init; }

    public MqttMessage ToMqtt() => new()
    {
        Topic = Encoding.UTF8.GetBytes(Topic),
        Payload = Encoding.UTF8.GetBytes(Payload),
        Delivery = new MqttDelivery(Epoch, PacketId),
        Packet = new MqttPublishPacket
        {
            ContentType = ContentType.Length == 0 ? null : ContentType,
            ResponseTopic = ResponseTopic.Length == 0 ? null : ResponseTopic,
            CorrelationData = Correlation,
            QualityOfServiceLevel = PacketId == 0 ? MqttQualityOfServiceLevel.AtMostOnce : MqttQualityOfServiceLevel.AtLeastOnce,
            Dup = Duplicate,
            Retain = Retain,
        },
    };

    /// <summary>A native reading of a device's temperature.</summary>
    public static TestMessage Native(string run, string device, long seq)
    {
        Span<byte> payload = new byte[NativeReadingWriter.MaxBytes];
        var at = new DateTime(2026, 11, 20, 9, 0, 0, DateTimeKind.Utc).AddSeconds(seq);
        var length = NativeReadingWriter.Write(payload, Encoding.UTF8.GetBytes(run), seq, at, 20, "Cel"u8);
        return new TestMessage($"telemetry/{device}/temperature", Encoding.UTF8.GetString(payload[..length]));
    }
}
