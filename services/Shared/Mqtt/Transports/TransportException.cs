namespace Tally.Mqtt.Transports;

/// <summary>
/// The way to the broker cannot be used as it is, and the message says why: a clause that stands behind "the broker cannot be used",
/// without a full stop. An I/O error to whoever reads or writes. Trying again makes sense: whoever runs the broker can mend it.
/// </summary>
internal sealed class TransportException(MqttReasonCode reason, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>The reason code that comes nearest.</summary>
    public MqttReasonCode Reason { get; } = reason;
}

/// <summary>The time for connecting was over after TCP was connected, and before MQTT could begin.</summary>
/// <param name="what">What the broker did not do.</param>
/// <param name="hint">What may be the reason.</param>
internal sealed class ConnectStalledException(string what, string hint) : OperationCanceledException(what)
{
    /// <summary>What may be the reason: a sentence.</summary>
    public string Hint { get; } = hint;
}
