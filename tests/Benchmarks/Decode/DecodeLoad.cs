using System.Globalization;
using System.Text;
using MQTTnet.Packets;
using Tally.Contracts.Payloads;
using Tally.Mqtt;

namespace Tally.Benchmarks.Decode;

/// <summary>Messages of one format, in memory.</summary>
/// <param name="Topics">Topics, which take turns.</param>
/// <param name="Payloads">Payloads, which take turns.</param>
internal sealed record Load(byte[][] Topics, byte[][] Payloads)
{
    private static readonly MqttPublishPacket Packet = new();

    /// <summary>The message of that number.</summary>
    public MqttMessage MessageOf(int number) => new()
    {
        Topic = Topics[number % Topics.Length],
        Payload = Payloads[number % Payloads.Length],
        Packet = Packet,
        Delivery = new MqttDelivery(1, (ushort)(number % ushort.MaxValue + 1)),
    };
}

/// <summary>A format, and how its messages are made.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Values">Readings in a message.</param>
/// <param name="Make">Makes so many of them, for the round of that number.</param>
internal sealed record DecodeLoad(string Name, int Values, Func<int, int, Load> Make)
{
    private const int Devices = 100;

    /// <summary>All formats; the native one first, which the others are compared with.</summary>
    public static IReadOnlyList<DecodeLoad> All() =>
    [
        new("native", 1, MakeNative),
        Of("JSON", 4, "zigbee2mqtt/{0}", value => $$"""{"temperature":{{value}},"humidity":48.2,"battery":97,"linkquality":120}"""),
        Of("JSON with time", 4, "zigbee2mqtt/{0}", value => $$"""{"temperature":{{value}},"humidity":48.2,"battery":97,"linkquality":120,"last_seen":"2026-11-26T10:00:00.131Z"}"""),
        Of("SenML", 2, "senml/{0}", value => $$"""[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1.795165200e+09,"n":"voltage","u":"V","v":{{value}}},{"n":"current","u":"A","v":1.2}]"""),
        Of("line protocol", 2, "telegraf/{0}", value => $"weather,location=us temperature={value},humidity=71i 1795165200000000000"),
        Of("text", 1, "home/{0}/temperature", value => $"Temperature: {value} °C"),
    ];

    private static DecodeLoad Of(string name, int values, string topic, Func<string, string> payload) => new(name, values, (_, _) =>
    {
        var random = new Random(7);
        var payloads = Enumerable.Range(0, 1009).Select(_ => Encoding.UTF8.GetBytes(payload(Math.Round(random.NextDouble() * 50, 2).ToString(CultureInfo.InvariantCulture))));
        return new Load(Topics(topic), [.. payloads]);
    });

    private static Load MakeNative(int messages, int round)
    {
        var run = Encoding.UTF8.GetBytes($"round-{round}");
        var room = new byte[NativeReadingWriter.MaxBytes];
        var payloads = new byte[messages][];
        for (var i = 0; i < messages; i++)
        {
            var seq = i / Devices + 1;
            var length = NativeReadingWriter.Write(room, run, seq, new DateTime(2026, 11, 26, 0, 0, 0, DateTimeKind.Utc).AddSeconds(seq), 20 + i % 1000 / 100.0, "Cel"u8);
            payloads[i] = room[..length];
        }

        return new Load(Topics("telemetry/{0}/temperature"), payloads);
    }

    private static byte[][] Topics(string topic) => [.. Enumerable.Range(0, Devices).Select(device => Encoding.UTF8.GetBytes(string.Format(CultureInfo.InvariantCulture, topic, $"sensor-{device:D4}")))];
}
