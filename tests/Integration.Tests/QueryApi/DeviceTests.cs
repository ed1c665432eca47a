using System.Net;
using Shouldly;
using Tally.Integration.Tests.Storage;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed class DeviceTests(StoreServer server) : QueryApiTest(server)
{
    [Fact]
    public async Task The_latest_reading_of_each_metric_is_the_newest_by_its_own_time()
    {
        await Runs.StoreAsync("r1", "kitchen", 1, 50);
        await Runs.StoreAsync("r2", "kitchen", 1, 1, shift: TimeSpan.FromDays(3)); // in another partition, and stored before others
        await Runs.StoreAsync("r3", "kitchen", 1, 9, shift: TimeSpan.FromDays(-3));
        await Runs.StoreAsync("r1", "kitchen", 1, 2, metric: "humidity");
        await Runs.StoreAsync("r1", "hall", 1, 2);

        var answer = await Api.GetAsync("/api/devices/kitchen/latest");
        answer.GetProperty("device").GetString().ShouldBe("kitchen");
        var readings = answer.GetProperty("readings").EnumerateArray().ToArray();
        readings.Select(reading => reading.GetProperty("metric").GetString()).ShouldBe(["humidity", "temperature"]);
        readings[0].GetProperty("seq").GetInt64().ShouldBe(2);
        readings[1].GetProperty("run").GetString().ShouldBe("r2");
        readings[1].GetProperty("at").GetDateTimeOffset().ShouldBe(new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero));
        readings[1].GetProperty("value").GetDouble().ShouldBe(20.1);
        readings[1].GetProperty("unit").GetString().ShouldBe("Cel");
        readings[1].GetProperty("receivedAt").GetDateTimeOffset().Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task The_text_a_value_was_found_in_comes_with_it_and_NaN_is_a_value()
    {
        await Runs.StoreAsync("0", "home", 1, 1);
        await Runs.ExecuteAsync("update readings set value = 'NaN', raw_text = 'Temperature: NaN°C'");
        var reading = (await Api.GetAsync("/api/devices/home/latest")).GetProperty("readings")[0];
        reading.GetProperty("value").GetString().ShouldBe("NaN");
        reading.GetProperty("rawText").GetString().ShouldBe("Temperature: NaN°C");
        reading.GetProperty("run").GetString().ShouldBe("0");
    }

    [Fact]
    public async Task A_device_of_any_name_can_be_asked_for()
    {
        const string Name = "Küche 1/2 & mehr?";
        await Runs.StoreAsync("r1", Name, 1, 1);
        var answer = await Api.GetAsync($"/api/devices/{Uri.EscapeDataString(Name)}/latest");
        answer.GetProperty("device").GetString().ShouldBe(Name);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a%2Fb")]
    public async Task A_device_whose_name_no_path_can_hold_is_asked_for_by_a_parameter(string name)
    {
        await Runs.StoreAsync("r1", name, 1, 1);
        (await Api.GetAsync($"/api/latest?device={Uri.EscapeDataString(name)}")).GetProperty("device").GetString().ShouldBe(name);
    }

    [Fact]
    public async Task What_claims_a_time_far_ahead_is_never_the_latest_and_each_unit_is_a_row_of_its_own()
    {
        await Runs.StoreAsync("r1", "kitchen", 1, 5);
        await Runs.ExecuteAsync("update readings set marks = 4 where seq = 5");
        await Runs.ExecuteAsync("insert into series (device, metric, unit) values ('kitchen', 'temperature', '°F')");
        await Runs.ExecuteAsync("insert into readings (series_id, at, run_id, seq, value) select id, '2026-11-20T09:00:00Z', 0, 1, 70 from series where unit = '°F'");

        var readings = (await Api.GetAsync("/api/devices/kitchen/latest")).GetProperty("readings").EnumerateArray().ToArray();

        readings.Select(reading => $"{reading.GetProperty("value").GetDouble()} {reading.GetProperty("unit").GetString()} {reading.GetProperty("seq").GetInt64()}").ShouldBe(["20.4 Cel 4", "70 °F 1"]);
    }

    [Fact]
    public async Task An_unknown_device_is_a_problem_that_names_it()
    {
        var problem = await Api.GetProblemAsync("/api/devices/attic/latest", HttpStatusCode.NotFound);
        problem.GetProperty("title").GetString().ShouldBe("Unknown device");
        problem.GetProperty("detail").GetString()!.ShouldContain("'attic'");
    }
}
