using System.Globalization;
using System.Text;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class Iso8601Tests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1970-01-01T00:00:00.000001Z", 1)]
    [InlineData("1970-01-01T00:00:00.1Z", 100_000)]
    [InlineData("1970-01-01T00:00:00.123456789Z", 123_456)]
    [InlineData("1970-01-01T01:00:00+01:00", 0)]
    [InlineData("1969-12-31T18:30:00-05:30", 0)]
    [InlineData("2024-02-29T00:00:00-00:00", 1_709_164_800_000_000)]
    public void A_time_is_read(string text, long microseconds)
    {
        Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out var read).ShouldBeTrue();
        read.ShouldBe(microseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-20")]
    [InlineData("2026-11-20T09:00:00")]
    [InlineData("2026-11-20 09:00:00Z")]
    [InlineData("2026-11-20T09:00Z")]
    [InlineData("2026-11-20t09:00:00z")]
    [InlineData("2026-11-20T09:00:00.Z")]
    [InlineData("2026-11-20T09:00:00.5")]
    [InlineData("2026-11-20T09:00:00,5Z")]
    [InlineData("2026-11-20T09:00:00+1:00")]
    [InlineData("2026-11-20T09:00:00+0100")]
    [InlineData("2026-11-20T09:00:00+24:00")]
    [InlineData("2026-11-20T09:00:00+01:60")]
    [InlineData("2026-11-20T09:00:00ZZ")]
    [InlineData(" 2026-11-20T09:00:00Z")]
    [InlineData("2026-13-20T09:00:00Z")]
    [InlineData("2026-00-20T09:00:00Z")]
    [InlineData("2026-02-29T09:00:00Z")]
    [InlineData("2026-11-00T09:00:00Z")]
    [InlineData("2026-11-20T24:00:00Z")]
    [InlineData("2026-11-20T09:60:00Z")]
    [InlineData("2026-11-20T09:00:60Z")]
    [InlineData("0000-11-20T09:00:00Z")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("+12026-11-20T09:00:00Z")]
    [InlineData("infinity")]
    [InlineData("２０２６-11-20T09:00:00Z")]
    public void Anything_looser_is_refused(string text) => Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();

    [Fact]
    public void The_limits_themselves_are_times()
    {
        Iso8601.TryRead("0001-01-01T00:00:00Z"u8, out var earliest).ShouldBeTrue();
        Iso8601.TryRead("9999-12-31T23:59:59.9999999Z"u8, out var latest).ShouldBeTrue();
        earliest.ShouldBe(Limits.EarliestAt);
        latest.ShouldBe(Limits.LatestAt);
    }

    [Fact]
    public void It_agrees_with_the_platform_on_every_time_it_takes()
    {
        var times =
            from day in Gen.Choose(2, (int)(DateTime.MaxValue - DateTime.MinValue).TotalDays - 2)
            from microsecond in Gen.Choose(0, int.MaxValue)
            from minutes in Gen.Choose(-14 * 60, 14 * 60)
            select new DateTimeOffset(DateTime.MinValue.AddDays(day).AddMicroseconds(microsecond), TimeSpan.FromMinutes(minutes));

        PropertyChecks.Check(times, time =>
        {
            var text = time.ToString("yyyy-MM-ddTHH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
            Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out var microseconds).ShouldBeTrue(text);
            microseconds.ShouldBe((time.UtcDateTime - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, text);
        });
    }
}
