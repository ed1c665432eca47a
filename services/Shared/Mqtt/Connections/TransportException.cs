namespace Tally.Mqtt.Connections;

/// <summary>
/// The way to the broker cannot be used as it is, and the message says why: a clause that stands behind "the broker cannot be used",
/// without a full stop. Trying again makes sense: whoever runs the broker can mend it.
/// </summary>
internal sealed class TransportException(MqttReasonCode reason, string message, Exception? inner = null) : IOException(message, inner)
{
    public MqttReasonCode Reason { get; } = reason;

    /// <summary>Text of a peer that is not trusted, for a line of the log: not longer than a name has reason to be, and without what could begin a new line or move the cursor.</summary>
    public static string Printable(string text) => string.Concat(text.Take(200).Select(c => char.IsControl(c) ? '?' : c));

    /// <summary>What an exception says at its root, as a clause.</summary>
    public static string Innermost(Exception error) => Printable(error.GetBaseException().Message.TrimEnd('.'));
}
