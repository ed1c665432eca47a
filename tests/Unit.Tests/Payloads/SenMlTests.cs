using System.Text;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class SenMlTests
{
    /// <summary>2026-11-20T09:00:00Z.</summary>
    private const long Now = 1_795_165_200_000_000;

    private readonly SenMlReader _reader = new();
    private readonly DecodedReadings _found = new();

    [Fact]
    public void The_single_data_point_of_the_RFC_is_one_reading_of_now() // RFC 8428, 5.1.1
    {
        Read("""[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]""").ShouldBe([new("urn:dev:ow", "10e2073a01080063", "Cel", 23.1)]);
    }

    [Fact]
    public void Several_data_points_of_the_RFC_are_several_metrics_at_one_time() // RFC 8428, 5.1.2, first pack
    {
        Read(
            """
            [
              {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
              {"n":"current","u":"A","v":1.2}
            ]
            """).ShouldBe([new("urn:dev:ow:10e2073a01080063", "voltage", "V", 120.1), new("urn:dev:ow:10e2073a01080063", "current", "A", 1.2)]);
    }

    [Fact]
    public void Base_fields_of_the_RFC_hold_for_all_records() // RFC 8428, 5.1.2, second pack
    {
        var at = 1_276_020_076_001_000;
        Read(
            """
            [
              {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
              {"n":"current","t":-5,"v":1.2},
              {"n":"current","t":-4,"v":1.3},
              {"n":"current","t":-3,"v":1.4},
              {"n":"current","t":-2,"v":1.5},
              {"n":"current","t":-1,"v":1.6},
              {"n":"current","v":1.7}
            ]
            """).ShouldBe(
        [
            new("urn:dev:ow:10e2073a0108006", "voltage", "V", 120.1, at),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.2, at - 5_000_000),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.3, at - 4_000_000),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.4, at - 3_000_000),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.5, at - 2_000_000),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.6, at - 1_000_000),
            new("urn:dev:ow:10e2073a0108006", "current", "A", 1.7, at),
        ]);
    }

    [Fact]
    public void Records_of_the_RFC_under_one_name_differ_in_their_unit() // RFC 8428, 5.1.2, third pack, shortened
    {
        var at = 1_320_067_464_000_000;
        Read(
            """
            [
              {"bn":"urn:dev:ow:10e2073a01080063:","bt":1.320067464e+09,"bu":"%RH","v":20},
              {"u":"lon","v":24.30621},
              {"u":"lat","v":60.07965},
              {"t":60,"v":20.3},
              {"u":"%EL","t":150,"v":98}
            ]
            """).ShouldBe(
        [
            new("urn:dev:ow", "10e2073a01080063", "%RH", 20, at),
            new("urn:dev:ow", "10e2073a01080063", "lon", 24.30621, at),
            new("urn:dev:ow", "10e2073a01080063", "lat", 60.07965, at),
            new("urn:dev:ow", "10e2073a01080063", "%RH", 20.3, at + 60_000_000),
            new("urn:dev:ow", "10e2073a01080063", "%EL", 98, at + 150_000_000),
        ]);
    }

    [Fact]
    public void Multiple_measurements_of_the_RFC_with_times_before_now_are_relative() // RFC 8428, 4.5.3
    {
        Read("""[{"bn":"d:","n":"a","v":1,"t":-2.5},{"n":"a","v":2},{"n":"a","v":3,"t":60}]""")
            .ShouldBe([new("d", "a", "", 1, Now - 2_500_000), new("d", "a", "", 2), new("d", "a", "", 3, Now + 60_000_000)]);
    }

    [Fact]
    public void From_2_to_the_28th_seconds_on_a_time_is_absolute()
    {
        Read("""[{"v":1,"t":268435455},{"v":1,"t":268435456},{"v":1,"bt":268435455,"t":1}]""").Select(record => record.At)
            .ShouldBe([(long?)Now + 268_435_455_000_000, 268_435_456_000_000, 268_435_456_000_000]);
    }

    [Fact]
    public void The_base_value_is_added_and_a_later_one_replaces_it() =>
        Read("""[{"bv":20,"v":0.5},{"v":-1},{"bv":0,"v":3}]""").Select(record => record.Value).ShouldBe([20.5, 19, 3]);

    [Fact]
    public void A_base_field_counts_wherever_it_stands_in_its_record() =>
        Read("""[{"v":1,"n":"c","t":1,"bt":1000000000,"bu":"A","bn":"a/b/"}]""").ShouldBe([new("a/b", "c", "A", 1, 1_000_000_001_000_000)]);

    [Fact]
    public void A_record_of_base_fields_only_is_no_reading() =>
        Read("""[{"bn":"x/","bu":"Cel","bver":10},{"n":"a","v":1}]""").ShouldBe([new("x", "a", "Cel", 1)]);

    [Theory]
    [InlineData("", "temperature", "", "temperature")]
    [InlineData("house/kitchen/", "temperature", "house/kitchen", "temperature")]
    [InlineData("house/kitchen", "/temperature", "house/kitchen", "/temperature")]
    [InlineData("", "house/kitchen/temperature", "house/kitchen", "temperature")]
    [InlineData("house/kitchen/", "", "house", "kitchen")]
    [InlineData("2001:db8::2/", "temperature", "2001:db8::2", "temperature")]
    [InlineData("urn:dev:ow:10e2073a01080063:", "voltage", "urn:dev:ow:10e2073a01080063", "voltage")]
    [InlineData("urn:dev:mac:0024befffe804ff1_", "a/b", "urn:dev:mac:0024befffe804ff1", "a/b")]
    [InlineData("", "urn:dev:ow:10e2073a0108006:open", "urn:dev:ow:10e2073a0108006", "open")]
    public void Device_and_metric_are_base_name_and_name_or_the_parts_around_the_last_separator(string baseName, string name, string device, string metric) =>
        Read($$"""[{"bn":"{{baseName}}","n":"{{name}}","v":1}]""").ShouldBe([new(device, metric, "", 1)]);

    [Fact]
    public void Booleans_are_1_and_0_and_sums_are_a_metric_of_their_own() =>
        Read("""[{"bn":"d/","bs":3,"n":"a","v":1,"s":17},{"n":"b","s":2},{"n":"c","vb":true},{"n":"c","vb":false},{"v":4,"s":5,"foo":{"v":[2]},"ut":10,"n":"\u0061"}]""").ShouldBe(
            [new("d", "a", "", 1), new("d", "a.sum", "", 20), new("d", "b.sum", "", 5), new("d", "c", "", 1), new("d", "c", "", 0), new("d", "a", "", 4), new("d", "a.sum", "", 8)]);

    [Fact]
    public void Texts_and_data_are_left_out_and_named()
    {
        Read("""[{"bn":"d/","n":"a","v":1},{"n":"b","vs":"on"},{"n":"c","vd":"AQ"}]""").ShouldBe([new("d", "a", "", 1)]);
        _found.Remainder.ShouldNotBeNull().ShouldContain("2 of them, the first named 'd/b'");
    }

    [Fact]
    public void An_integer_that_a_double_does_not_hold_keeps_its_text()
    {
        Read("""[{"n":"d/a","v":9007199254740993}]""").ShouldBe([new("d", "a", "", 9007199254740992)]);
        _found[0].Text.ShouldBe("9007199254740993");
    }

    [Theory]
    [InlineData("""[]""", "no record of the SenML pack has a value")]
    [InlineData("""[{"bn":"a"}]""", "no record of the SenML pack has a value")]
    [InlineData("""{"v":1}""", "is a JSON array")]
    [InlineData("""5""", "is a JSON array")]
    [InlineData("""[5]""", "no JSON object: record 1")]
    [InlineData("""[{"v":1},[{"v":2}]]""", "no JSON object: record 2")]
    [InlineData("""[{"v":1},{"n":"x"}]""", "no value (v, vb or s): record 2")]
    [InlineData("""[{}]""", "no value (v, vb or s): record 1")]
    [InlineData("""[{"vs":"on"}]""", "are not stored")]
    [InlineData("""[{"vb":1}]""", "vb is no boolean")]
    [InlineData("""[{"v":"1"}]""", "v is not a number")]
    [InlineData("""[{"v":1e400}]""", "v is not a number")]
    [InlineData("""[{"v":1e-400}]""", "v is not a number")]
    [InlineData("""[{"bv":1e308,"v":1e308}]""", "out of the range of a double")]
    [InlineData("""[{"v":1,"t":"now"}]""", "t is not a number")]
    [InlineData("""[{"v":1,"t":1e12}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"t":-1e12}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"bt":1e308,"t":1e308}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"n":"_a"}]""", "the name")]
    [InlineData("""[{"v":1,"n":"a b"}]""", "the name")]
    [InlineData("""[{"v":1,"n":"\u0000"}]""", "n is not a text")]
    [InlineData("""[{"v":1,"n":5}]""", "n is not a text")]
    [InlineData("""[{"v":1,"u":"\ud800"}]""", "u is not a text")]
    [InlineData("""[{"v":1,"bver":11}]""", "newer than 10")]
    [InlineData("""[{"v":1,"bver":0}]""", "bver is not a positive")]
    [InlineData("""[{"v":1,"bver":5.5}]""", "bver is not a positive")]
    [InlineData("""[{"v":1},{"v":1,"bver":5}]""", "bver differs")]
    [InlineData("""[{"v":1,"must_":1}]""", "ends with _")]
    [InlineData("""[{"v":1,"must\u005f":1}]""", "ends with _")]
    [InlineData("""[{"v":1}""", "not JSON")]
    [InlineData("""[{"v":1}],""", "not JSON")]
    [InlineData("""[{"v":1},]""", "not JSON")]
    public void A_pack_that_cannot_be_stored_is_refused_whole(string payload, string reason)
    {
        _found.Clear();
        _reader.Read(Encoding.UTF8.GetBytes(payload), Now, _found).ShouldNotBeNull().ShouldContain(reason);
    }

    [Fact]
    public void A_pack_has_a_bounded_number_of_records()
    {
        var most = $"[{string.Join(',', Enumerable.Repeat("""{"v":1}""", DecodedReadings.MaxReadings))}]";
        Read(most).Count.ShouldBe(DecodedReadings.MaxReadings);

        _found.Clear();
        _reader.Read(Encoding.UTF8.GetBytes(most[..^1] + """,{"v":1}]"""), Now, _found).ShouldNotBeNull().ShouldContain("more than 2000 readings");
    }

    [Fact]
    public void A_resolved_pack_means_the_same_as_one_with_base_fields()
    {
        var packs =
            from baseValue in Gen.Choose(-100, 100)
            from baseTime in Gen.Choose(0, 1_000_000_000).Select(time => 1_000_000_000L + time)
            from records in Gen.Choose(-1000, 1000).Two().NonEmptyListOf()
            select (baseValue, baseTime, records);

        PropertyChecks.Check(packs, pack =>
        {
            var withBase = string.Join(',', pack.records.Select((record, index) =>
                (index == 0 ? $$"""{"bn":"d/","bu":"A","bt":{{pack.baseTime}},"bv":{{pack.baseValue}},""" : "{")
                + $$""" "n":"m","v":{{record.Item1}},"t":{{record.Item2}}}"""));
            var resolved = string.Join(',', pack.records.Select(record =>
                $$"""{"n":"d/m","u":"A","v":{{pack.baseValue + record.Item1}},"t":{{pack.baseTime + record.Item2}}}"""));

            Read($"[{withBase}]").ShouldBe(Read($"[{resolved}]"));
        });
    }

    private List<Record> Read(string payload)
    {
        _found.Clear();
        _reader.Read(Encoding.UTF8.GetBytes(payload), Now, _found).ShouldBeNull();
        var records = new List<Record>();
        for (var i = 0; i < _found.Count; i++)
        {
            var found = _found[i];
            records.Add(new Record(Encoding.UTF8.GetString(found.Device), Encoding.UTF8.GetString(found.Metric), Encoding.UTF8.GetString(found.Unit), found.Value, found.At));
        }

        return records;
    }

    private sealed record Record(string Device, string Metric, string Unit, double Value, long? At = null);
}
