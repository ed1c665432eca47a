using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Tally.Mqtt;

namespace Tally.SensorSimulator.Watching;

/// <summary>Prints messages, one line each: time, topic, QoS, retained, payload.</summary>
/// <param name="output">Where to.</param>
/// <param name="every">The count is printed after every so many; 0: never.</param>
/// <param name="count">The last message to print; 0: there is none.</param>
/// <param name="enough">Called when that one is printed.</param>
internal sealed class MessagePrinter(TextWriter output, long every, long count, Action enough) : IMqttHandler
{
    /// <summary>Bytes of a payload that are shown: a screen full.</summary>
    private const int MaxShown = 2_048;

    private long _seen;

    /// <summary>The client that this is the handler of; set before it connects.</summary>
    public IMqttClient? Client { get; set; }

    /// <summary>There has been a connection.</summary>
    public bool WasConnected { get; private set; }

    /// <summary>Why there is no connection, as last said.</summary>
    public string? Disconnected { get; private set; }

    /// <inheritdoc/>
    public void OnConnected(in MqttConnected connected) => WasConnected = true;

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected)
    {
        Disconnected = disconnected.Message;
        if (disconnected is { Epoch: > 0, Reason: not MqttReasonCode.Success }) output.WriteLine(disconnected.Message); // success: our own DISCONNECT
    }

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        Client!.Acknowledge(message.Delivery);
        if (count > 0 && _seen == count) return; // what arrived behind the last one
        _seen++;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.Now:HH:mm:ss.fff} {Describe(message.Topic)} QoS {(int)message.Qos}{(message.Packet.Retain ? " retained" : "")} {Describe(message.Payload)}"));
        if (every > 0 && _seen % every == 0) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"-- {_seen:N0} messages"));
        if (_seen == count) enough();
    }

    /// <inheritdoc/>
    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken)
    {
        output.Flush();
        return ValueTask.CompletedTask;
    }

    /// <summary>Prints how many there were.</summary>
    public void PrintTotal() => output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_seen:N0} messages"));

    /// <summary>Text as it stands, on one line and harmless to a terminal; anything else in hexadecimal.</summary>
    public static string Describe(ReadOnlySpan<byte> bytes)
    {
        var shown = bytes.Length <= MaxShown ? bytes : bytes[..MaxShown];
        var rest = bytes.Length <= MaxShown ? "" : $"… ({bytes.Length:N0} bytes)";
        if (!Utf8.IsValid(bytes) || bytes.Contains((byte)0)) return $"0x{Convert.ToHexStringLower(shown)}{rest}";

        var text = new StringBuilder();
        while (!shown.IsEmpty && Rune.DecodeFromUtf8(shown, out var rune, out var used) == OperationStatus.Done)
        {
            if (Rune.IsControl(rune)) text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else text.Append(rune.ToString());
            shown = shown[used..];
        }

        return text.Append(rest).ToString();
    }
}
