namespace Tally.Mqtt.Connections;

/// <summary>Recognises a port on which something else than MQTT is spoken.</summary>
internal static class OtherProtocol
{
    /// <summary>What is spoken instead of MQTT, and the way out; null: it may well be MQTT.</summary>
    /// <param name="start">The first bytes that came.</param>
    public static string? Recognise(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("HTTP"u8)) return "It speaks HTTP: if it is a WebSocket, write ws:// or wss://";

        // Alert or handshake, version 3.x (RFC 8446, 5.1). As MQTT it would be a CONNECT, which no broker sends.
        return start is [0x15 or 0x16, 0x03, ..] ? "It speaks TLS: write mqtts:// or wss://" : null;
    }

    /// <summary>What a broker that breaks off without a word may mean.</summary>
    public static string Hint(BrokerAddress broker) => broker.Scheme == "mqtt" ? $" If {broker.Port} is a port for TLS or WebSocket, write mqtts:// or ws://." : "";
}
