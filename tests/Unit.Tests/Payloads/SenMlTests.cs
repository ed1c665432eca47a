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

    [Fact]
    public void The_single_data_point_of_the_RFC_is_one_reading_of_now() // RFC 8428, 5.1.1
    {
        Read("""[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]""").ShouldBe([new("", "Cel", 23.1, Now)]);
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
            """).ShouldBe([new("voltage", "V", 120.1, Now), new("current", "A", 1.2, Now)]);
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
            new("voltage", "V", 120.1, at),
            new("current", "A", 1.2, at - 5_000_000),
            new("current", "A", 1.3, at - 4_000_000),
            new("current", "A", 1.4, at - 3_000_000),
            new("current", "A", 1.5, at - 2_000_000),
            new("current", "A", 1.6, at - 1_000_000),
            new("current", "A", 1.7, at),
        ]);
    }

    [Fact]
    public void Records_of_the_RFC_that_name_only_the_device_leave_the_metric_to_the_topic() // RFC 8428, 5.1.2, third pack, shortened
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
            new("", "%RH", 20, at),
            new("", "lon", 24.30621, at),
            new("", "lat", 60.07965, at),
            new("", "%RH", 20.3, at + 60_000_000),
            new("", "%EL", 98, at + 150_000_000),
        ]);
    }

    [Fact]
    public void Multiple_measurements_of_the_RFC_with_times_before_now_are_relative() // RFC 8428, 4.5.3
    {
        Read("""[{"bn":"d:","n":"a","v":1,"t":-2.5},{"n":"a","v":2},{"n":"a","v":3,"t":60}]""")
            .ShouldBe([new("a", "", 1, Now - 2_500_000), new("a", "", 2, Now), new("a", "", 3, Now + 60_000_000)]);
    }

    [Fact]
    public void From_2_to_the_28th_seconds_on_a_time_is_absolute()
    {
        Read("""[{"v":1,"t":268435455},{"v":1,"t":268435456},{"v":1,"bt":268435455,"t":1}]""").Select(record => record.At)
            .ShouldBe([Now + 268_435_455_000_000, 268_435_456_000_000, 268_435_456_000_000]);
    }

    [Fact]
    public void The_base_value_is_added_and_a_later_one_replaces_it() =>
        Read("""[{"bv":20,"v":0.5},{"v":-1},{"bv":0,"v":3}]""").Select(record => record.Value).ShouldBe([20.5, 19, 3]);

    [Fact]
    public void A_base_field_counts_wherever_it_stands_in_its_record() =>
        Read("""[{"v":1,"n":"c","t":1,"bt":1000000000,"bu":"A","bn":"a/b/"}]""").ShouldBe([new("c", "A", 1, 1_000_000_001_000_000)]);

    [Fact]
    public void A_record_of_base_fields_only_is_no_reading() =>
        Read("""[{"bn":"x/","bu":"Cel","bver":10},{"n":"a","v":1}]""").ShouldBe([new("a", "Cel", 1, Now)]);

    [Theory]
    [InlineData("temperature", "temperature")]
    [InlineData("house/kitchen/temperature", "temperature")]
    [InlineData("house/kitchen/", "")]
    [InlineData("urn:dev:ow:10e2073a01080063", "")]
    [InlineData("urn:dev:ow:10e2073a01080063:", "")]
    [InlineData("urn:dev:ow:10e2073a01080063:voltage", "voltage")]
    [InlineData("urn:dev:mac:0024befffe804ff1/a/b", "b")]
    [InlineData("urn:dev:ow", "")]
    public void The_metric_is_the_last_part_of_the_name_however_it_is_split(string name, string metric)
    {
        for (var split = 0; split <= name.Length; split++)
        {
            if (split > 0 && split < name.Length && !char.IsAsciiLetterOrDigit(name[0])) continue;
            Read($$"""[{"bn":"{{name[..split]}}","n":"{{name[split..]}}","v":1}]""").Single().Metric.ShouldBe(metric);
        }
    }

    [Fact]
    public void Sums_and_unknown_labels_beside_a_value_are_passed_over() =>
        Read("""[{"v":1,"s":17,"bs":3,"ut":10,"foo":{"v":[2]},"n":"\u0061"}]""").ShouldBe([new("a", "", 1, Now)]);

    [Theory]
    [InlineData("""[]""", "no record has a value")]
    [InlineData("""[{"bn":"a"}]""", "no record has a value")]
    [InlineData("""{"v":1}""", "is a JSON array")]
    [InlineData("""5""", "is a JSON array")]
    [InlineData("""[5]""", "record 1 is not a JSON object")]
    [InlineData("""[{"v":1},[{"v":2}]]""", "record 2 is not a JSON object")]
    [InlineData("""[{"v":1},{"n":"x"}]""", "record 2: no value")]
    [InlineData("""[{"s":5}]""", "record 1: no value")]
    [InlineData("""[{}]""", "record 1: no value")]
    [InlineData("""[{"v":1},{"vs":"on"}]""", "record 2: only numeric values")]
    [InlineData("""[{"vb":true}]""", "record 1: only numeric values")]
    [InlineData("""[{"vd":"AQ"}]""", "record 1: only numeric values")]
    [InlineData("""[{"v":"1"}]""", "v is not a number")]
    [InlineData("""[{"v":1e400}]""", "v is not a number")]
    [InlineData("""[{"bv":1e308,"v":1e308}]""", "bv + v is out of the range")]
    [InlineData("""[{"v":1,"t":"now"}]""", "t is not a number")]
    [InlineData("""[{"v":1,"t":1e12}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"t":-1e12}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"bt":1e308,"t":1e308}]""", "the time (bt + t)")]
    [InlineData("""[{"v":1,"n":"_a"}]""", "the name")]
    [InlineData("""[{"v":1,"n":"a b"}]""", "the name")]
    [InlineData("""[{"v":1,"n":"\u0000"}]""", "n is not a text")]
    [InlineData("""[{"v":1,"n":5}]""", "n is not a text")]
    [InlineData("""[{"v":1,"u":"\ud800"}]""", "u is not a text")]
    [InlineData("""[{"v":1,"bver":11}]""", "version 11")]
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
        _reader.Read(Encoding.UTF8.GetBytes(payload), Now).ShouldNotBeNull().ShouldContain(reason);
        _reader.Count.ShouldBe(0);
    }

    [Fact]
    public void A_pack_has_a_bounded_number_of_records()
    {
        var most = $"[{string.Join(',', Enumerable.Repeat("""{"v":1}""", SenMlReader.MaxRecords))}]";
        Read(most).Count.ShouldBe(SenMlReader.MaxRecords);

        _reader.Read(Encoding.UTF8.GetBytes(most[..^1] + """,{"v":1}]"""), Now).ShouldNotBeNull().ShouldContain("more than 2000 records");
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
        _reader.Read(Encoding.UTF8.GetBytes(payload), Now).ShouldBeNull();
        var records = new List<Record>();
        for (var i = 0; i < _reader.Count; i++)
        {
            var record = _reader[i];
            records.Add(new Record(Encoding.UTF8.GetString(record.Metric), Encoding.UTF8.GetString(record.Unit), record.Value, record.At));
        }

        return records;
    }

    private sealed record Record(string Metric, string Unit, double Value, long At);
}
