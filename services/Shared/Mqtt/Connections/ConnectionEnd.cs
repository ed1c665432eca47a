namespace Tally.Mqtt.Connections;

/// <summary>Why a connection, or the attempt at one, ended.</summary>
/// <param name="Reason">Reason code: the broker's, or ours.</param>
/// <param name="Message">One line for a person.</param>
internal sealed record ConnectionEnd(MqttReasonCode Reason, string Message)
{
    /// <summary>What follows when the client is stopped.</summary>
    public static ConnectionEnd ByStop { get; } = new(MqttReasonCode.Success, "Stopped.") { Stopped = true, Farewell = MqttReasonCode.Success };

    public int Epoch { get; init; } // 0: it never came to a CONNACK
    public bool Stopped { get; init; }
    public bool WithoutAWord { get; init; } // closed without DISCONNECT, as Mosquitto 2.0.11 does to the older of two with one client identifier
    public bool ClosedOnConnect { get; init; } // without a byte, as some do to a version of MQTT that they do not know
    public bool Final { get; init; } // trying again would not help
    public Exception? Fault { get; init; } // a defect, of the handler most likely: ends the client with this exception
    public MqttReasonCode? Farewell { get; init; } // sent with DISCONNECT (3.14) after what is buffered; null: the connection is just closed
    public uint? SessionExpiry { get; init; } // of that DISCONNECT, in seconds; null: as it was
    public string? ReasonString { get; init; } // what the broker said for a person
}
