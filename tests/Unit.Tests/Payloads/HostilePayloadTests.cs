using System.Text;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

/// <summary>Whatever arrives: a reason, never an exception.</summary>
public sealed class HostilePayloadTests
{
    private readonly NativeReadingReader _native = new();
    private readonly PayloadDecoder _decoder = new();
    private readonly DecodedReadings _found = new();

    private static readonly PayloadFormat[] Formats = [PayloadFormat.Auto, PayloadFormat.Json, PayloadFormat.SenMl, PayloadFormat.LineProtocol, PayloadFormat.Text];

    public static TheoryData<string> Payloads => new()
    {
        string.Concat(Enumerable.Repeat("{\"a\":", 100_000)),
        new string('[', 100_000),
        "{\"value\":" + new string('9', 1_000_000) + "}",
        "{\"seq\":" + new string('9', 1_000_000) + "}",
        "{\"run\":\"" + new string('x', 1_000_000) + "\",\"seq\":1,\"value\":1}",
        "{\"run\":\"" + string.Concat(Enumerable.Repeat("\\u0041", 200_000)) + "\",\"seq\":1,\"value\":1}",
        "{\"value\":1,\"unit\":\"" + new string('x', 1_000_000) + "\"}",
        "{\"value\":1,\"at\":\"" + new string('0', 1_000_000) + "\"}",
        "[{\"n\":\"" + new string('x', 1_000_000) + "\",\"v\":1}]",
        "[{\"bn\":\"" + new string('x', 512) + "\",\"n\":\"" + new string('x', 512) + "\",\"v\":1}]",
        "[{\"v\":1,\"t\":" + new string('9', 1_000_000) + "}]",
        "[{\"bver\":1e300,\"v\":1}]",
        "[" + string.Concat(Enumerable.Repeat("{\"v\":1},", 100_000)),
        new string('a', 1_000_000),
        "\0",
        "{\"\0\":1}",
    };

    [Theory]
    [MemberData(nameof(Payloads))]
    public void A_hostile_payload_has_a_reason_in_every_format(string payload)
    {
        var bytes = Encoding.UTF8.GetBytes(payload);

        _native.Read(bytes, out _).ShouldNotBeNull().Length.ShouldBeLessThan(200);
        foreach (var format in Formats) (Decode(format, bytes) ?? "").Length.ShouldBeLessThan(400); // some are only large
    }

    [Fact]
    public void A_million_bytes_under_an_unknown_name_do_not_matter() =>
        _native.Read(Encoding.UTF8.GetBytes("{\"x\":\"" + new string('x', 1_000_000) + "\",\"value\":1}"), out _).ShouldBeNull();

    [Theory]
    [InlineData("{\"run\":\"\u00ff\",\"seq\":1,\"value\":1}")]
    [InlineData("{\"value\":1,\"unit\":\"\u00ff\"}")]
    [InlineData("{\"value\":1,\"unit\":\"\\u0041\u00ff\"}")]
    [InlineData("[{\"v\":1,\"n\":\"\u00ff\"}]")]
    [InlineData("[{\"v\":1,\"u\":\"\u00c3\"}]")]
    public void Names_that_are_no_UTF8_are_refused(string latin1)
    {
        var bytes = Encoding.Latin1.GetBytes(latin1);

        _native.Read(bytes, out _).ShouldNotBeNull();
        if (latin1[0] == '[') Decode(PayloadFormat.Auto, bytes).ShouldNotBeNull();
    }

    [Fact]
    public void Random_bytes_never_throw() =>
        PropertyChecks.Check(ArbMap.Default.GeneratorFor<byte[]>(), ReadInEveryFormat);

    [Fact]
    public void A_payload_with_one_byte_changed_or_cut_off_never_throws()
    {
        string[] whole =
        [
            """{"run":"r1","seq":12,"at":"2026-11-20T09:00:00.000Z","value":23.51,"unit":"C\u0065l"}""",
            """[{"bn":"urn:dev:ow:1:","bt":1.2e9,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2}]""",
            "Temperature: -23.5e1°C",
            """{"ts":1764150000123,"values":{"temperature":21.5,"a":{"b":["1,5",true]},"unit":"C"}}""",
            """weather,location=us\,m field=82.1,t=true,s="a b" 1465839830100400200""",
        ];
        var mutations =
            from payload in Gen.Elements(whole)
            from position in Gen.Choose(0, payload.Length - 1)
            from value in Gen.Choose(0, 255)
            from cut in Gen.Elements(true, false)
            select (payload, position, value, cut);

        PropertyChecks.Check(mutations, mutation =>
        {
            var bytes = Encoding.UTF8.GetBytes(mutation.payload);
            bytes[mutation.position] = (byte)mutation.value;
            ReadInEveryFormat(mutation.cut ? bytes[..mutation.position] : bytes);
        });
    }

    [Fact]
    public void The_usual_layout_is_read_as_any_JSON_would_be()
    {
        var payloads =
            from run in Gen.Elements("r1", "0", "", "a b", "r\\u0031")
            from seq in Gen.Elements("1", "0", "-1", "01", "1.0", "1e3", "9223372036854775807", "9223372036854775808", "\"1\"", "")
            from at in Gen.Elements("2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00+01:00", "2026-11-20", "2026-11-20T10:00:00\\u002B01:00")
            from value in Gen.Elements("23.51", "-0.5", "0", "-0", "00", "1.", ".5", "1e3", "1E-3", "1e400", "+1", "-", "NaN", "null", "12345678901234567890.123456789", " 1")
            from unit in Gen.Elements("Cel", "", "°C", "a\\u0000", "a\\\"b", "a\tb", new string('u', 33))
            from end in Gen.Elements("}", "} ", "}x", "", ",\"x\":1}")
            select (text: $"{{\"run\":\"{run}\",\"seq\":{seq},\"at\":\"{at}\",\"value\":{value},\"unit\":\"{unit}\"{end}", end);

        PropertyChecks.Check(payloads, payload =>
        {
            var bytes = Encoding.UTF8.GetBytes(payload.text);
            if (!NativeReadingReader.TryReadLayout(bytes, out var reading)) return;
            _native.Read(bytes, out var expected).ShouldBeNull(payload.text);

            (reading.Seq, reading.At, reading.Value).ShouldBe((expected.Seq, expected.At, expected.Value), payload.text);
            reading.Run.SequenceEqual(expected.Run).ShouldBeTrue(payload.text);
            reading.Unit.SequenceEqual(expected.Unit).ShouldBeTrue(payload.text);
        });
    }

    private string? Decode(PayloadFormat format, ReadOnlySpan<byte> payload) => _decoder.Read(format, DecodeSettings.Usual, null, payload, 0, _found, out _);

    private void ReadInEveryFormat(byte[] payload)
    {
        PayloadFormats.Of(PayloadFormat.Auto, Encoding.Latin1.GetString(payload), payload);
        if (_native.Read(payload, out var reading) is null) double.IsFinite(reading.Value).ShouldBeTrue();
        foreach (var format in Formats)
        {
            if (Decode(format, payload) is not null) continue;
            _found.Count.ShouldBeGreaterThan(0);
            for (var i = 0; i < _found.Count; i++)
            {
                var found = _found[i];
                double.IsFinite(found.Value).ShouldBeTrue();
                (Names.Fits(found.Device, Limits.NameBytes) && Names.Fits(found.Metric, Limits.NameBytes) && Names.Fits(found.Unit, Limits.UnitBytes)).ShouldBeTrue();
            }
        }
    }
}
