using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Makes CONNECT packets of MQTTnet (3.1).</summary>
internal static class ConnectPackets
{
    /// <summary>The CONNECT that options ask for.</summary>
    /// <param name="options">Options.</param>
    /// <param name="broker">For user name and password.</param>
    /// <param name="clientId">Client identifier, which the broker may have chosen.</param>
    /// <param name="clean">Discard the session that there is.</param>
    /// <param name="version">In 3.1.1 a clean session also ends with its connection, which is what a session expiry of zero means.</param>
    public static MqttConnectPacket Create(MqttClientOptions options, BrokerAddress broker, string clientId, bool clean, MqttProtocolVersion version)
    {
        var packet = new MqttConnectPacket
        {
            ClientId = clientId,
            CleanSession = clean || clientId.Length == 0 || (version == MqttProtocolVersion.V311 && options.SessionExpiry == TimeSpan.Zero),
            KeepAlivePeriod = (ushort)Math.Ceiling(options.KeepAlive.TotalSeconds),
            SessionExpiryInterval = (uint)options.SessionExpiry.TotalSeconds,
            ReceiveMaximum = options.ReceiveMaximum,
            MaximumPacketSize = (uint)options.MaximumPacketSize,
            TopicAliasMaximum = options.TopicAliasMaximum,
            RequestResponseInformation = options.RequestResponseInformation,
            RequestProblemInformation = options.RequestProblemInformation,
            UserProperties = PublishPackets.Pairs(options.UserProperties),
            Username = broker.UserName,
            Password = broker.Password is null ? null : Encoding.UTF8.GetBytes(broker.Password),
        };
        if (options.Will is { } will) Add(packet, will);
        return packet;
    }

    private static void Add(MqttConnectPacket packet, MqttWill will)
    {
        packet.WillFlag = true;
        packet.WillTopic = will.Topic;
        packet.WillMessage = will.Payload.ToArray();
        packet.WillQoS = (MqttQualityOfServiceLevel)will.Qos;
        packet.WillRetain = will.Retain;
        packet.WillDelayInterval = (uint)will.Delay.TotalSeconds;
        packet.WillMessageExpiryInterval = (uint)(will.MessageExpiry?.TotalSeconds ?? 0);
        packet.WillContentType = will.ContentType;
        packet.WillResponseTopic = will.ResponseTopic;
        packet.WillCorrelationData = will.CorrelationData.IsEmpty ? null : will.CorrelationData.ToArray();
        packet.WillPayloadFormatIndicator = PublishPackets.Format(will.PayloadIsText);
        packet.WillUserProperties = PublishPackets.Pairs(will.UserProperties);
    }
}
