using System.Text;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class NativeReadingTests
{
    private static readonly long Nine = (new DateTime(2026, 11, 20, 9, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / 10;
    private readonly NativeReadingReader _reader = new();

    [Fact]
    public void The_payload_of_the_design_is_read_whole()
    {
        var problem = _reader.Read("""{"run":"r-1","seq":7,"at":"2026-11-20T09:00:00.000Z","value":23.51,"unit":"Cel"}"""u8, out var reading);

        problem.ShouldBeNull();
        Text(reading.Run).ShouldBe("r-1");
        reading.Seq.ShouldBe(7);
        reading.HasIdentity.ShouldBeTrue();
        reading.At.ShouldBe(Nine);
        reading.Value.ShouldBe(23.51);
        Text(reading.Unit).ShouldBe("Cel");
    }

    [Fact]
    public void Properties_may_come_in_any_order_among_unknown_ones()
    {
        var problem = _reader.Read(
            """ { "x":{"run":"no","seq":[1,{"a":2}]}, "unit":"Cel", "value":-1e3, "seq":2, "y":null, "at":"2026-11-20T10:00:00+01:00", "run":"r" } """u8,
            out var reading);

        problem.ShouldBeNull();
        Text(reading.Run).ShouldBe("r");
        reading.Seq.ShouldBe(2);
        reading.At.ShouldBe(Nine);
        reading.Value.ShouldBe(-1000);
    }

    [Theory]
    [InlineData("""{"value":5}""")]
    [InlineData("""{"value":5,"unit":null}""")]
    [InlineData("""{"temperature":4,"value":5.0}""")]
    public void Without_run_and_seq_it_is_a_foreign_reading(string payload)
    {
        _reader.Read(Bytes(payload), out var reading).ShouldBeNull();

        reading.HasIdentity.ShouldBeFalse();
        reading.At.ShouldBeNull();
        reading.Value.ShouldBe(5);
        reading.Unit.Length.ShouldBe(0);
    }

    [Fact]
    public void Escapes_mean_what_they_stand_for()
    {
        var problem = _reader.Read(
            """{"\u0072un":"r\u0031","seq":1,"at":"2026-11-20T10:00:00\u002B01:00","value":1,"unit":"\u00b0C\/\ud83c\udf21"}"""u8, out var reading);

        problem.ShouldBeNull();
        Text(reading.Run).ShouldBe("r1");
        reading.At.ShouldBe(Nine);
        Text(reading.Unit).ShouldBe("°C/🌡");
    }

    [Theory]
    [InlineData("""{"run":"r","value":1}""", "seq is missing")]
    [InlineData("""{"seq":1,"value":1}""", "run is missing")]
    [InlineData("""{"run":"r","seq":1}""", "value is missing")]
    [InlineData("""{"run":"r","seq":1,"value":"1"}""", "value is not a number")]
    [InlineData("""{"run":"r","seq":1,"value":null}""", "value is not a number")]
    [InlineData("""{"run":"r","seq":1,"value":{"value":1}}""", "value is not a number")]
    [InlineData("""{"run":"r","seq":1,"value":1e400}""", "value is out of the range")]
    [InlineData("""{"run":"r","seq":1,"value":-1e400}""", "value is out of the range")]
    [InlineData("""{"run":"r","seq":0,"value":1}""", "seq is not")]
    [InlineData("""{"run":"r","seq":-1,"value":1}""", "seq is not")]
    [InlineData("""{"run":"r","seq":1.5,"value":1}""", "seq is not")]
    [InlineData("""{"run":"r","seq":"1","value":1}""", "seq is not")]
    [InlineData("""{"run":"r","seq":9223372036854775808,"value":1}""", "seq is not")]
    [InlineData("""{"run":"","seq":1,"value":1}""", "run is not")]
    [InlineData("""{"run":"0","seq":1,"value":1}""", "run is not")]
    [InlineData("""{"run":"a/b","seq":1,"value":1}""", "run is not")]
    [InlineData("""{"run":"a b","seq":1,"value":1}""", "run is not")]
    [InlineData("""{"run":"\ud800","seq":1,"value":1}""", "run is not")]
    [InlineData("""{"run":5,"seq":1,"value":1}""", "run is not")]
    [InlineData("""{"value":1,"unit":"a\u0000b"}""", "unit is not")]
    [InlineData("""{"value":1,"unit":"\udc00"}""", "unit is not")]
    [InlineData("""{"value":1,"unit":"123456789012345678901234567890123"}""", "unit is not")]
    [InlineData("""{"value":1,"at":1700000000}""", "at is not")]
    [InlineData("""{"value":1,"at":null}""", "at is not")]
    [InlineData("""{"run":"r","seq":1,"seq":2,"value":1}""", "twice")]
    [InlineData("""{"value":1,"value":2}""", "twice")]
    [InlineData("""["value",1]""", "a native reading is a JSON object")]
    [InlineData("\"value\"", "a native reading is a JSON object")]
    [InlineData("null", "a native reading is a JSON object")]
    [InlineData("", "not JSON")]
    [InlineData("{", "not JSON")]
    [InlineData("""{"value":1}x""", "not JSON")]
    [InlineData("""{"value":1}{"value":2}""", "not JSON")]
    [InlineData("""{"value":1,}""", "not JSON")]
    [InlineData("""{"value":01}""", "not JSON")]
    [InlineData("""{"value":NaN}""", "not JSON")]
    [InlineData("""{'value':1}""", "not JSON")]
    public void A_payload_that_cannot_be_stored_has_a_reason(string payload, string reason) =>
        _reader.Read(Bytes(payload), out _).ShouldNotBeNull().ShouldContain(reason);

    [Theory]
    [InlineData("""{"value":"x","run":"r","seq":3}""")]
    [InlineData("""{"run":"r","seq":3,"value":1,"at":"yesterday"}""")]
    [InlineData("""{"run":"r","seq":3,"value":tru""")]
    [InlineData("""{"run":"r","seq":3,"value":1}}""")]
    public void A_rejected_payload_still_says_who_it_is(string payload)
    {
        _reader.Read(Bytes(payload), out var reading).ShouldNotBeNull();

        reading.HasIdentity.ShouldBeTrue();
        Text(reading.Run).ShouldBe("r");
        reading.Seq.ShouldBe(3);
    }

    [Theory]
    [InlineData("""{"run":"r","value":1,"seq":12""")]
    [InlineData("""{"run":"r","seq":1,"run":"q","value":1}""")]
    [InlineData("""{"run":"r","seq":1,"seq":2,"value":1}""")]
    public void A_doubtful_identity_is_none(string payload)
    {
        _reader.Read(Bytes(payload), out var reading).ShouldNotBeNull();

        reading.HasIdentity.ShouldBeFalse();
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        var readings =
            from run in Gen.Elements("r", "run-2026.11.20_a", new string('x', Limits.RunBytes))
            from seq in Gen.OneOf(Gen.Choose(1, 1_000_000).Select(number => (long)number), Gen.Constant(long.MaxValue))
            from milliseconds in Gen.Choose(0, int.MaxValue)
            from year in Gen.Choose(1, 9_998)
            from value in ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite)
            from unit in Gen.Elements("", "Cel", "%RH", new string('u', Limits.UnitBytes))
            select (run, seq, at: new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMilliseconds(milliseconds), value, unit);

        PropertyChecks.Check(readings, expected =>
        {
            Span<byte> payload = new byte[NativeReadingWriter.MaxBytes];
            var length = NativeReadingWriter.Write(payload, Bytes(expected.run), expected.seq, expected.at, expected.value, Bytes(expected.unit));

            _reader.Read(payload[..length], out var reading).ShouldBeNull();
            Text(reading.Run).ShouldBe(expected.run);
            reading.Seq.ShouldBe(expected.seq);
            reading.At.ShouldBe((expected.at - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
            reading.Value.ShouldBe(expected.value);
            Text(reading.Unit).ShouldBe(expected.unit);
        });
    }

    [Fact]
    public void Nothing_is_allocated_for_a_payload_in_order()
    {
        var payload = """{"run":"r1","seq":123456,"at":"2026-11-20T09:00:00.000Z","value":23.51,"unit":"Cel"}"""u8.ToArray();
        for (var i = 0; i < 100; i++) _reader.Read(payload, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) _reader.Read(payload, out _);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
