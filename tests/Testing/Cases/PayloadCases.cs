using System.Globalization;
using System.Text.Json;

namespace Tally.Testing;

/// <summary>What people's devices send, and what has to be in the store afterwards; a line of <c>payloads.jsonl</c>.</summary>
/// <param name="Topic">Topic.</param>
/// <param name="Payload">Payload, text.</param>
/// <param name="Source">Preset that reads it.</param>
/// <param name="Expected">Readings, each in one line; none: it is rejected.</param>
public sealed record PayloadCase(string Topic, string Payload, string Source, IReadOnlyList<string> Expected);

/// <summary>The cases of <c>payloads.jsonl</c>.</summary>
public static class PayloadCases
{
    /// <summary>Presets that read them, beside those that are on anyhow.</summary>
    public const string Presets = "zigbee2mqtt,tasmota,shelly,esphome,thingsboard,telegraf";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PayloadCase> All { get; } =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Cases", "payloads.jsonl")).Select(line => Read(JsonDocument.Parse(line).RootElement))];

    /// <summary>A reading in one line, its time in microseconds since 1970, null on arrival. The text beside the value counts only where a case names one.</summary>

    public static string Describe(string device, string metric, double value, string unit, long? at) =>
        string.Create(CultureInfo.InvariantCulture, $"{device} | {metric} | {value:R} {unit} | {(at is null ? "arrival" : DateTime.UnixEpoch.AddTicks(at.Value * TimeSpan.TicksPerMicrosecond).ToString("O", CultureInfo.InvariantCulture))}");

    private static PayloadCase Read(JsonElement line)
    {
        var expect = line.GetProperty("expect");
        return new PayloadCase(
            line.GetProperty("topic").GetString()!,
            line.GetProperty("payload").GetString()!,
            line.GetProperty("source").GetString()!,
            expect.ValueKind == JsonValueKind.String ? [] : [.. expect.EnumerateArray().Select(Describe)]);
    }

    private static string Describe(JsonElement reading)
    {
        var at = reading.GetProperty("at").GetString()!;
        return Describe(
            reading.GetProperty("device").GetString()!,
            reading.GetProperty("metric").GetString()!,
            reading.GetProperty("value").GetDouble(),
            reading.GetProperty("unit").GetString()!,
            at == "arrival" ? null : (DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
            + (reading.TryGetProperty("rawText", out var text) ? $" | {text.GetString()}" : "");
    }
}
