namespace Tally.Mqtt;

/// <summary>Reason codes of MQTT 5, section 2.4. Values of 0x80 and above mean failure.</summary>
public enum MqttReasonCode : byte
{
    /// <summary>Success; also Normal disconnection and Granted QoS 0.</summary>
    Success = 0x00,

    /// <summary>The subscription was granted with QoS 1.</summary>
    GrantedQos1 = 0x01,

    /// <summary>The subscription was granted with QoS 2.</summary>
    GrantedQos2 = 0x02,

    /// <summary>Disconnected, and the will message is to be published.</summary>
    DisconnectWithWill = 0x04,

    /// <summary>The message was accepted, but nobody subscribes to its topic.</summary>
    NoMatchingSubscribers = 0x10,

    /// <summary>UNSUBSCRIBE: there was no such subscription.</summary>
    NoSubscriptionExisted = 0x11,

    /// <summary>Enhanced authentication continues.</summary>
    ContinueAuthentication = 0x18,

    /// <summary>Enhanced authentication starts again.</summary>
    ReAuthenticate = 0x19,

    /// <summary>Failed, and the sender does not say why.</summary>
    UnspecifiedError = 0x80,

    /// <summary>A packet that does not follow the specification.</summary>
    MalformedPacket = 0x81,

    /// <summary>A packet that is out of place.</summary>
    ProtocolError = 0x82,

    /// <summary>Valid, but this implementation does not accept it.</summary>
    ImplementationSpecificError = 0x83,

    /// <summary>The broker does not speak this version of MQTT.</summary>
    UnsupportedProtocolVersion = 0x84,

    /// <summary>The broker does not allow this client identifier.</summary>
    ClientIdentifierNotValid = 0x85,

    /// <summary>User name or password is wrong.</summary>
    BadUserNameOrPassword = 0x86,

    /// <summary>The client may not do this.</summary>
    NotAuthorized = 0x87,

    /// <summary>The broker is not available.</summary>
    ServerUnavailable = 0x88,

    /// <summary>The broker is busy.</summary>
    ServerBusy = 0x89,

    /// <summary>The client is banned.</summary>
    Banned = 0x8A,

    /// <summary>The broker shuts down.</summary>
    ServerShuttingDown = 0x8B,

    /// <summary>The authentication method is wrong or not supported.</summary>
    BadAuthenticationMethod = 0x8C,

    /// <summary>Nothing was received for one and a half keep-alive intervals.</summary>
    KeepAliveTimeout = 0x8D,

    /// <summary>Another connection uses the same client identifier.</summary>
    SessionTakenOver = 0x8E,

    /// <summary>The topic filter is well formed but not accepted.</summary>
    TopicFilterInvalid = 0x8F,

    /// <summary>The topic name is well formed but not accepted.</summary>
    TopicNameInvalid = 0x90,

    /// <summary>The packet identifier is already in use.</summary>
    PacketIdentifierInUse = 0x91,

    /// <summary>The packet identifier is not known.</summary>
    PacketIdentifierNotFound = 0x92,

    /// <summary>More unacknowledged messages than the Receive Maximum allows.</summary>
    ReceiveMaximumExceeded = 0x93,

    /// <summary>A topic alias that is zero or above the maximum.</summary>
    TopicAliasInvalid = 0x94,

    /// <summary>The packet is larger than the maximum packet size.</summary>
    PacketTooLarge = 0x95,

    /// <summary>Messages come too fast.</summary>
    MessageRateTooHigh = 0x96,

    /// <summary>A limit of the implementation or the administration is exceeded.</summary>
    QuotaExceeded = 0x97,

    /// <summary>The connection is closed by the administration.</summary>
    AdministrativeAction = 0x98,

    /// <summary>The payload is not of the format that its indicator promises.</summary>
    PayloadFormatInvalid = 0x99,

    /// <summary>The broker does not support retained messages.</summary>
    RetainNotSupported = 0x9A,

    /// <summary>The broker does not support this QoS.</summary>
    QosNotSupported = 0x9B,

    /// <summary>Use another server for now.</summary>
    UseAnotherServer = 0x9C,

    /// <summary>Use another server from now on.</summary>
    ServerMoved = 0x9D,

    /// <summary>The broker does not support shared subscriptions.</summary>
    SharedSubscriptionsNotSupported = 0x9E,

    /// <summary>Connections come too fast.</summary>
    ConnectionRateExceeded = 0x9F,

    /// <summary>The maximum connect time is over.</summary>
    MaximumConnectTime = 0xA0,

    /// <summary>The broker does not support subscription identifiers.</summary>
    SubscriptionIdentifiersNotSupported = 0xA1,

    /// <summary>The broker does not support wildcard subscriptions.</summary>
    WildcardSubscriptionsNotSupported = 0xA2,
}
