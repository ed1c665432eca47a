using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Makes PUBLISH packets of MQTTnet.</summary>
internal static class PublishPackets
{
    /// <summary>Copies a publication into strings and lists, as MQTTnet wants them.</summary>
    public static MqttPublishPacket Create(in MqttPublication publication) => new()
    {
        Topic = Encoding.UTF8.GetString(publication.Topic),
        PayloadSegment = publication.Payload.ToArray(),
        ContentType = Text(publication.ContentType),
        ResponseTopic = Text(publication.ResponseTopic),
        CorrelationData = publication.CorrelationData.IsEmpty ? null : publication.CorrelationData.ToArray(),
        UserProperties = Pairs(publication.UserProperties),
        MessageExpiryInterval = publication.MessageExpiryInterval ?? 0,
        PayloadFormatIndicator = Format(publication.PayloadIsText),
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)publication.Qos,
        Retain = publication.Retain,
    };

    /// <summary>Pairs of strings as user properties.</summary>
    public static List<MqttUserProperty>? Pairs(IReadOnlyList<KeyValuePair<string, string>> pairs) =>
        pairs.Count == 0 ? null : [.. pairs.Select(pair => new MqttUserProperty(pair.Key, Encoding.UTF8.GetBytes(pair.Value).AsMemory()))];

    /// <summary>Whether a payload is text.</summary>
    public static MqttPayloadFormatIndicator Format(bool isText) => isText ? MqttPayloadFormatIndicator.CharacterData : MqttPayloadFormatIndicator.Unspecified;

    private static string? Text(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8);

    private static List<MqttUserProperty>? Pairs(MqttUserProperties properties)
    {
        if (properties.IsEmpty) return null;
        var list = new List<MqttUserProperty>();
        foreach (var pair in properties) list.Add(new MqttUserProperty(Encoding.UTF8.GetString(pair.Name), pair.Value.ToArray().AsMemory()));
        return list;
    }
}
