using System.Text;
using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Tally.Ingest.Receiving;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class AnnouncementTests
{
    internal static readonly RunAnnouncement Valid = new()
    {
        Run = "r1",
        State = RunState.Started,
        Expected = 1_000_000,
        Devices = 100,
        Metric = "temperature",
        Unit = "Cel",
        Qos = 1,
        Source = "synthetic",
        Seed = 42,
        Start = new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero),
        StepMicroseconds = 1_000_000,
    };

    [Fact]
    public void An_announcement_is_read_whole()
    {
        AnnouncementReader.Read("r1"u8, Json(Valid), out var read).ShouldBeNull();

        read.ShouldBe(Valid);
    }

    [Fact]
    public void What_nobody_could_work_with_is_refused()
    {
        Refused(Valid with { Run = "r2" }).ShouldContain("differs");
        Refused(Valid with { State = RunState.Unannounced }).ShouldContain("state");
        Refused(Valid with { Expected = -1 }).ShouldContain("expected");
        Refused(Valid with { Published = -1 }).ShouldContain("published");
        Refused(Valid with { Devices = -1 }).ShouldContain("devices");
        Refused(Valid with { Qos = 3 }).ShouldContain("qos");
        Refused(Valid with { StepMicroseconds = -1 }).ShouldContain("step");
        Refused(Valid with { Metric = "a\0b" }).ShouldContain("NUL");
        Refused(Valid with { Unit = new string('u', 33) }).ShouldContain("longer");
        Refused(Valid with { Expected = long.MaxValue, StepMicroseconds = long.MaxValue, Devices = 1 }).ShouldContain("9999");
    }

    [Theory]
    [InlineData("r1", "")]
    [InlineData("r1", "null")]
    [InlineData("r1", "[]")]
    [InlineData("r1", "{\"run\":\"r1\"}")]
    [InlineData("r1", "{\"run\":\"r1\",\"state\":\"paused\"}")]
    [InlineData("0", "{}")]
    [InlineData("a b", "{}")]
    [InlineData("", "{}")]
    public void What_is_no_announcement_has_a_reason(string run, string payload)
    {
        AnnouncementReader.Read(Encoding.UTF8.GetBytes(run), Encoding.UTF8.GetBytes(payload), out var read).ShouldNotBeNull();
        read.ShouldBeNull();
    }

    [Theory]
    [InlineData("\"started\"", "7")]
    [InlineData("\"r1\"", "null")]
    [InlineData("\"temperature\"", "null")]
    [InlineData("\"Cel\"", "null")]
    [InlineData("\"synthetic\"", "null")]
    [InlineData("1000000,", "1e400,")]
    [InlineData("2026-11-20", "2026-11-31")]
    public void What_its_types_do_not_promise_is_refused_too(string valid, string invalid)
    {
        var json = Encoding.UTF8.GetString(Json(Valid));
        json.ShouldContain(valid);

        AnnouncementReader.Read("r1"u8, Encoding.UTF8.GetBytes(json.Replace(valid, invalid)), out var read).ShouldNotBeNull();
        read.ShouldBeNull();
    }

    private static string Refused(RunAnnouncement announcement)
    {
        var reason = AnnouncementReader.Read("r1"u8, Json(announcement), out var read).ShouldNotBeNull();
        read.ShouldBeNull();
        return reason;
    }

    private static byte[] Json(RunAnnouncement announcement) => JsonSerializer.SerializeToUtf8Bytes(announcement, ContractsJson.Default.RunAnnouncement);
}
