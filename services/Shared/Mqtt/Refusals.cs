namespace Tally.Mqtt;

/// <summary>What a refusal of the broker means to the person who runs the client.</summary>
internal static class Refusals
{
    /// <summary>Names broker, user, client identifier, reason and the way out; never the password.</summary>
    public static string Describe(BrokerAddress broker, string clientId, string does, MqttReasonCode reason, string? reasonString, string? serverReference)
    {
        var user = broker.UserName is null ? "without a user name" : $"of user '{broker.UserName}'";
        var said = string.IsNullOrEmpty(reasonString) ? "" : $" (\"{reasonString}\")";
        return $"Broker {broker} {does} {user}, client id '{clientId}': {reason} (0x{(byte)reason:X2}){said}. {WayOut(reason, serverReference)}";
    }

    /// <summary>Trying again does not change it: the message to the person who runs this says what does.</summary>
    public static bool IsFinal(MqttReasonCode reason) => reason is
        MqttReasonCode.UnsupportedProtocolVersion or MqttReasonCode.ClientIdentifierNotValid or MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.NotAuthorized or
        MqttReasonCode.Banned or MqttReasonCode.BadAuthenticationMethod or MqttReasonCode.SessionTakenOver or MqttReasonCode.ServerMoved;

    /// <summary>The same of a subscription that a connection begins with.</summary>
    public static bool IsFinalForSubscription(MqttReasonCode reason) => reason is
        MqttReasonCode.NotAuthorized or MqttReasonCode.TopicFilterInvalid or MqttReasonCode.SharedSubscriptionsNotSupported or
        MqttReasonCode.SubscriptionIdentifiersNotSupported or MqttReasonCode.WildcardSubscriptionsNotSupported or MqttReasonCode.PacketTooLarge;

    private static string WayOut(MqttReasonCode reason, string? serverReference) => reason switch
    {
        MqttReasonCode.BadUserNameOrPassword => "Check user name and password in the broker's address, mqtt://user:password@host:port.",
        MqttReasonCode.NotAuthorized => "Check user name and password in the broker's address, mqtt://user:password@host:port, and what the broker's access list allows this user.",
        MqttReasonCode.ClientIdentifierNotValid => "Choose another client id.",
        MqttReasonCode.UnsupportedProtocolVersion => "Leave the version open (ProtocolVersion Automatic), or use a broker that speaks MQTT 5.",
        MqttReasonCode.Banned => "Ask whoever runs the broker to lift the ban.",
        MqttReasonCode.BadAuthenticationMethod => "The broker wants enhanced authentication (AUTH), which this client does not do: use user name and password.",
        MqttReasonCode.SessionTakenOver => "Another client connected with the same client id: give each process its own.",
        MqttReasonCode.ServerMoved or MqttReasonCode.UseAnotherServer => string.IsNullOrEmpty(serverReference) ? "Use another broker." : $"Use the broker '{serverReference}'.",
        MqttReasonCode.TopicFilterInvalid or MqttReasonCode.WildcardSubscriptionsNotSupported or MqttReasonCode.SharedSubscriptionsNotSupported => "Use another topic filter.",
        MqttReasonCode.PacketTooLarge => "Send smaller messages, or raise the limit.",
        _ => "The broker's log may say more.",
    };
}
