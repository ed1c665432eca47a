using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>
/// Shows a packet of MQTTnet as <see cref="MqttMessage"/>. MQTTnet has made strings and lists of it; they are made bytes
/// again, in memory that is used again.
/// </summary>
internal sealed class MessageView
{
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    /// <summary>Hands a message over.</summary>
    /// <param name="handler">To whom.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="topic">Its topic, which may stand for an alias.</param>
    /// <param name="delivery">What to acknowledge it with.</param>
    public void HandOver(IMqttHandler handler, MqttPublishPacket packet, string topic, MqttDelivery delivery)
    {
        _bytes.ResetWrittenCount();
        var topicBytes = Append(topic);
        var contentType = Append(packet.ContentType);
        var responseTopic = Append(packet.ResponseTopic);
        var userProperties = Append(packet.UserProperties);
        var payload = packet.Payload.IsSingleSegment ? packet.Payload.FirstSpan : packet.Payload.ToArray();
        var bytes = _bytes.WrittenSpan; // no earlier: it moves while it grows
        handler.OnMessage(new MqttMessage
        {
            Topic = bytes[topicBytes],
            Payload = payload,
            ContentType = bytes[contentType],
            ResponseTopic = bytes[responseTopic],
            CorrelationData = packet.CorrelationData,
            UserProperties = new MqttUserProperties(bytes[userProperties]),
            MessageExpiryInterval = packet.MessageExpiryInterval == 0 ? null : packet.MessageExpiryInterval,
            PayloadIsText = packet.PayloadFormatIndicator == MqttPayloadFormatIndicator.CharacterData,
            SubscriptionIdentifiers = packet.SubscriptionIdentifiers is { Count: > 0 } identifiers
                ? new MqttSubscriptionIdentifiers(MqttSubscriptionIdentifiers.Encode([.. identifiers]))
                : default,
            Delivery = delivery,
            Qos = (MqttQos)packet.QualityOfServiceLevel,
            Retain = packet.Retain,
            Duplicate = packet.Dup,
        });
    }

    private Range Append(string? text)
    {
        var start = _bytes.WrittenCount;
        if (!string.IsNullOrEmpty(text)) Encoding.UTF8.GetBytes(text, _bytes);
        return start.._bytes.WrittenCount;
    }

    private Range Append(List<MqttUserProperty>? properties)
    {
        var start = _bytes.WrittenCount;
        foreach (var property in properties ?? [])
        {
            _bytes.Write([MqttUserProperties.Identifier]);
            AppendLength(Encoding.UTF8.GetByteCount(property.Name));
            Append(property.Name);
            AppendLength(property.ValueBuffer.Length);
            _bytes.Write(property.ValueBuffer.Span);
        }

        return start.._bytes.WrittenCount;
    }

    private void AppendLength(int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.GetSpan(2), (ushort)length);
        _bytes.Advance(2);
    }
}
