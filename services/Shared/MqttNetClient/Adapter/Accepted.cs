using System.Globalization;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>What CONNACK said (3.2), in our own terms.</summary>
/// <param name="Reason">Reason code; of 3.1.1 the one of MQTT 5 that means the same.</param>
/// <param name="Connected">The rest, for the owner.</param>
/// <param name="AssignedClientId">Client identifier that the broker chose; null: none.</param>
/// <param name="ServerReference">Another broker to use; null: none.</param>
internal sealed record Accepted(MqttReasonCode Reason, MqttConnected Connected, string? AssignedClientId, string? ServerReference)
{
    /// <summary>The broker still has the session.</summary>
    public bool SessionPresent => Connected.SessionPresent;

    /// <summary>Reads it. In MQTTnet a property of value 0 is the same as an absent one.</summary>
    public static Accepted From(MqttConnAckPacket packet, MqttProtocolVersion version, MqttClientOptions options)
    {
        var connected = new MqttConnected(0, packet.IsSessionPresent, packet.ReceiveMaximum == 0 ? ushort.MaxValue : packet.ReceiveMaximum)
        {
            ProtocolVersion = version,
            KeepAlive = packet.ServerKeepAlive == 0 ? options.KeepAlive : TimeSpan.FromSeconds(packet.ServerKeepAlive),
            SessionExpiry = packet.SessionExpiryInterval == 0 ? options.SessionExpiry : TimeSpan.FromSeconds(packet.SessionExpiryInterval),
        };
        if (version == MqttProtocolVersion.V311) return new Accepted(ReasonOf(packet.ReturnCode), connected, null, null);
        connected = connected with
        {
            MaximumQos = (MqttQos)packet.MaximumQoS,
            RetainAvailable = packet.RetainAvailable,
            MaximumPacketSize = packet.MaximumPacketSize == 0 ? null : packet.MaximumPacketSize,
            TopicAliasMaximum = packet.TopicAliasMaximum,
            WildcardSubscriptionAvailable = packet.WildcardSubscriptionAvailable,
            SubscriptionIdentifiersAvailable = packet.SubscriptionIdentifiersAvailable,
            SharedSubscriptionAvailable = packet.SharedSubscriptionAvailable,
            ResponseInformation = packet.ResponseInformation,
            ReasonString = packet.ReasonString,
            UserProperties = [.. (packet.UserProperties ?? []).Select(Pair)],
        };

        // A broker of 3.1.1 answers with the return code of 3.1.1.
        var isOf311 = packet.ReasonCode == (MqttConnectReasonCode)MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion;
        var reason = isOf311 ? MqttReasonCode.UnsupportedProtocolVersion : (MqttReasonCode)packet.ReasonCode;
        return new Accepted(reason, connected, packet.AssignedClientIdentifier, packet.ServerReference);
    }

    private static KeyValuePair<string, string> Pair(MqttUserProperty property) =>
        KeyValuePair.Create(property.Name, System.Text.Encoding.UTF8.GetString(property.ValueBuffer.Span));

    // 3.1.1, table 3.1.
    private static MqttReasonCode ReasonOf(MqttConnectReturnCode code) => code switch
    {
        MqttConnectReturnCode.ConnectionAccepted => MqttReasonCode.Success,
        MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion => MqttReasonCode.UnsupportedProtocolVersion,
        MqttConnectReturnCode.ConnectionRefusedIdentifierRejected => MqttReasonCode.ClientIdentifierNotValid,
        MqttConnectReturnCode.ConnectionRefusedServerUnavailable => MqttReasonCode.ServerUnavailable,
        MqttConnectReturnCode.ConnectionRefusedBadUsernameOrPassword => MqttReasonCode.BadUserNameOrPassword,
        MqttConnectReturnCode.ConnectionRefusedNotAuthorized => MqttReasonCode.NotAuthorized,
        _ => throw new MqttException(
            MqttReasonCode.MalformedPacket, string.Create(CultureInfo.InvariantCulture, $"CONNACK with return code {(byte)code}, which 3.1.1 does not have.")),
    };
}
