using System.Text;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Receiving;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class PayloadCaseTests
{
    public static TheoryData<int, string, string> Cases => [.. PayloadCases.All.Select((it, number) => (number, it.Topic[..Math.Min(it.Topic.Length, 40)], it.Payload[..Math.Min(it.Payload.Length, 40)]))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_devices_send_is_stored_as_what_it_says_or_rejected(int number, string topic, string payload)
    {
        var sent = PayloadCases.All[number];
        using var receiver = new Receiver(new IngestOptions { Presets = sent.Source });

        var batch = receiver.Read(new TestMessage(sent.Topic, sent.Payload));

        var kept = sent.Expected.Any(line => line.Count(character => character == '|') == 4);
        batch.Rows.Readings.ToArray().Select(reading => Describe(reading, kept)).ShouldBe(sent.Expected, ignoreOrder: true, $"{topic} {payload}");
        batch.Rejections.Count.ShouldBe(sent.Expected.Count == 0 ? 1 : 0);
        batch.Rejections.ShouldNotContain(rejection => rejection.Reason.StartsWith(MessageReader.Defect, StringComparison.Ordinal));
    }

    private static string Describe(Reading reading, bool withText) => PayloadCases.Describe(
        Encoding.UTF8.GetString(reading.Series.Device.Span),
        Encoding.UTF8.GetString(reading.Series.Metric.Span),
        reading.Value,
        Encoding.UTF8.GetString(reading.Series.Unit.Span),
        reading.Marks.HasFlag(ReadingMarks.Arrival) ? null : reading.At) + (withText && reading.RawText is { } text ? $" | {text}" : "");
}
