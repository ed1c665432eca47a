using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MQTTnet.Packets;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.ServiceDefaults;
using Tally.Storage;

namespace Tally.Ingest.Decoding;

/// <summary>The verb <c>decode</c>: says what would be stored of messages, and why not, without a broker or a database.</summary>
internal static class DecodeVerb
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Adds what the verb needs beside <see cref="IngestRegistration.AddIngest"/>.</summary>
    public static TBuilder AddDecode<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddCheckedOptions<DecodeOptions>(DecodeOptions.Section);
        builder.Services.AddOptions<IngestOptions>().PostConfigure<DecodeOptions>((ingest, decode) => ingest.Presets = $"{ingest.Presets},{decode.Source}".Trim(','));
        builder.Logging.AddFilter("Tally.Ingest", LogLevel.None); // the lines of the verb say it all
        return builder;
    }

    /// <summary>Decodes.</summary>
    /// <param name="services">Services.</param>
    /// <param name="input">Payload of the one message, where no capture is named.</param>
    /// <param name="output">Gets a line of JSON for each reading, and for each message or reading that is rejected.</param>
    /// <param name="errors">Gets the line that says what is wrong with the capture.</param>
    /// <returns>Exit status: 0 all would be stored, 1 something is rejected, 2 the capture is none, 3 it cannot be read.</returns>
    public static int Run(IServiceProvider services, Stream input, TextWriter output, TextWriter errors)
    {
        var options = services.GetRequiredService<DecodeOptions>();
        var reader = services.GetRequiredService<MessageReader>();
        if (options.Topic is not null)
        {
            using var payload = new MemoryStream();
            input.CopyTo(payload);
            return Print(reader, options.Topic, payload.ToArray(), new MqttPublishPacket(), output) ? ExitStatus.Done : ExitStatus.Rejected;
        }

        try
        {
            var stored = true;
            var number = 0;
            foreach (var line in File.ReadLines(options.File!))
            {
                number++;
                if (line.Trim().Length == 0) continue;
                if (!TryReadCaptured(line, out var topic, out var payload, out var packet))
                {
                    errors.WriteLine($"Ingest: line {number} of {options.File} is no message: expected the output of mosquitto_sub -F '%j'");
                    return ExitStatus.Usage;
                }

                stored &= Print(reader, topic, payload, packet, output);
            }

            return stored ? ExitStatus.Done : ExitStatus.Rejected;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"Ingest: {options.File} cannot be read: {error.Message}");
            return ExitStatus.Environment;
        }
    }

    private static bool TryReadCaptured(string line, out string topic, out byte[] payload, out MqttPublishPacket packet)
    {
        (topic, payload, packet) = ("", [], new MqttPublishPacket());
        try
        {
            if (JsonNode.Parse(line) is not JsonObject message || message["topic"]?.GetValueKind() != JsonValueKind.String) return false;
            topic = message["topic"]!.GetValue<string>();
            var said = message["payload"];
            payload = Encoding.UTF8.GetBytes(said is null ? "" : said.GetValueKind() == JsonValueKind.String ? said.GetValue<string>() : said.ToJsonString());
            packet.Retain = message["retain"]?.ToJsonString() is "1" or "true";
            packet.ContentType = (message["properties"] as JsonObject)?["content-type"]?.ToString();
            return true;
        }
        catch (JsonException)
        {
            return false; // the platform's reader has no other way to say so
        }
    }

    private static bool Print(MessageReader reader, string topic, byte[] payload, MqttPublishPacket packet, TextWriter output)
    {
        var batch = new PendingBatch(1);
        reader.Read(new MqttMessage { Topic = Encoding.UTF8.GetBytes(topic), Payload = payload, Packet = packet, Delivery = new MqttDelivery(1, 0) }, batch);
        foreach (ref readonly var reading in batch.Rows.Readings) output.WriteLine(Describe(reading));
        foreach (var letter in batch.Rows.DeadLetters)
            output.WriteLine(new JsonObject { ["topic"] = topic, ["rejected"] = letter.Reason, ["source"] = letter.Source }.ToJsonString(Plain));
        if (payload.Length == 0) output.WriteLine(new JsonObject { ["topic"] = topic, ["ignored"] = "the payload is empty" }.ToJsonString(Plain));
        return batch.Rows.DeadLetters.Count == 0;
    }

    private static string Describe(in Reading reading)
    {
        var said = new JsonObject
        {
            ["device"] = Encoding.UTF8.GetString(reading.Series.Device.Span),
            ["metric"] = Encoding.UTF8.GetString(reading.Series.Metric.Span),
            ["value"] = reading.Value,
            ["unit"] = Encoding.UTF8.GetString(reading.Series.Unit.Span),
            ["at"] = DateTime.UnixEpoch.AddTicks(reading.At * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
            ["rawText"] = reading.RawText,
            ["marks"] = reading.Marks.ToString().ToLowerInvariant(),
            ["source"] = reading.Series.Origin.Source,
        };
        return said.ToJsonString(Plain);
    }
}
