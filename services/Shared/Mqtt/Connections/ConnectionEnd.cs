namespace Tally.Mqtt.Connections;

/// <summary>Why a connection, or the attempt at one, ended.</summary>
/// <param name="Reason">Reason code: the broker's, or ours.</param>
/// <param name="Message">One line for a person.</param>
internal sealed record ConnectionEnd(MqttReasonCode Reason, string Message)
{
    /// <summary>What follows when the client is stopped.</summary>
    public static ConnectionEnd ByStop { get; } =
        new(MqttReasonCode.Success, "Stopped.") { Stopped = true, Farewell = MqttReasonCode.Success };

    /// <summary>Number of the connection; 0: it never came to a CONNACK.</summary>
    public int Epoch { get; init; }

    /// <summary>The client was stopped.</summary>
    public bool Stopped { get; init; }

    /// <summary>The broker closed the connection without DISCONNECT, as Mosquitto 2.0.11 does to the older of two with one client identifier.</summary>
    public bool WithoutAWord { get; init; }

    /// <summary>Trying again would not help.</summary>
    public bool Final { get; init; }

    /// <summary>A defect, of the handler most likely: ends the client with this exception.</summary>
    public Exception? Fault { get; init; }

    /// <summary>Sent with DISCONNECT (3.14) after what is buffered; null: the connection is just closed.</summary>
    public MqttReasonCode? Farewell { get; init; }

    /// <summary>Session Expiry Interval of that DISCONNECT in seconds; null: as it was.</summary>
    public uint? SessionExpiry { get; init; }

    /// <summary>What the broker said for a person.</summary>
    public string? ReasonString { get; init; }

    /// <summary>The broker took CONNECT and closed without a byte, which some do to a version of MQTT that they do not know.</summary>
    public bool ClosedOnConnect { get; init; }
}
