using System.Net;
using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Tally.Integration.Tests.Storage;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed class RunTests(StoreServer server) : QueryApiTest(server)
{
    [Fact]
    public async Task Progress_is_summed_over_the_instances_of_Ingest()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 200);
        await Runs.CountAsync("r1", received: 60, stored: 50, duplicates: 10);
        await Runs.CountAsync("r1", received: 55, stored: 49, rejected: 1, instance: "ingest-1");
        var run = await Api.GetAsync("/api/runs/r1");
        run.GetProperty("state").GetString().ShouldBe("started");
        run.GetProperty("expected").GetInt64().ShouldBe(200);
        run.GetProperty("published").ValueKind.ShouldBe(JsonValueKind.Null);
        run.GetProperty("received").GetInt64().ShouldBe(115);
        run.GetProperty("stored").GetInt64().ShouldBe(99);
        run.GetProperty("duplicates").GetInt64().ShouldBe(10);
        run.GetProperty("rejected").GetInt64().ShouldBe(1);
        run.GetProperty("percent").GetDouble().ShouldBe(50);
        run.GetProperty("rate").GetDouble().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_run_that_was_only_announced_has_no_progress_yet()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 200);
        var run = await Api.GetAsync("/api/runs/r1");
        run.GetProperty("stored").GetInt64().ShouldBe(0);
        run.GetProperty("percent").GetDouble().ShouldBe(0);
        run.GetProperty("rate").ValueKind.ShouldBe(JsonValueKind.Null);
        run.GetProperty("updatedAt").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Pages_hold_every_run_once_the_newest_first()
    {
        for (var i = 1; i <= 7; i++) await Runs.AnnounceAsync($"r{i}", devices: 1, expected: 1);
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = await Api.GetAsync($"/api/runs?limit=3{(next is null ? "" : $"&before={next}")}");
            names.AddRange(Names(page));
            next = page.GetProperty("next").GetString();
            if (names.Count == 3) await Runs.AnnounceAsync("r8", devices: 1, expected: 1); // a newer run moves no page
        }
        while (next is not null);
        names.ShouldBe(["r7", "r6", "r5", "r4", "r3", "r2", "r1"]);
    }

    [Fact]
    public async Task Foreign_readings_are_listed_last_once_there_are_any()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 1);
        Names(await Api.GetAsync("/api/runs")).ShouldBe(["r1"]);
        await Runs.CountAsync("0", received: 1, stored: 1);
        Names(await Api.GetAsync("/api/runs")).ShouldBe(["r1", "0"]);
    }

    [Fact]
    public async Task An_empty_store_has_no_runs() => Names(await Api.GetAsync("/api/runs")).ShouldBeEmpty();

    [Fact]
    public async Task An_unknown_run_is_a_problem_that_names_it()
    {
        var problem = await Api.GetProblemAsync("/api/runs/nope", HttpStatusCode.NotFound);
        problem.GetProperty("status").GetInt32().ShouldBe(404);
        problem.GetProperty("detail").GetString()!.ShouldContain("'nope'");
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=many", "limit")]
    [InlineData("before=-1", "before")]
    [InlineData("before=x", "before")]
    public async Task A_parameter_that_cannot_be_is_named(string query, string parameter)
    {
        var problem = await Api.GetProblemAsync($"/api/runs?{query}", HttpStatusCode.BadRequest);
        problem.ToString().ShouldContain(parameter);
    }

    [Fact]
    public async Task A_run_name_is_only_ever_a_value()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 1, RunState.Finished, published: 1);
        await Api.GetProblemAsync("/api/runs/r1'%20or%20'1'%3D'1", HttpStatusCode.NotFound);
        await Api.GetProblemAsync("/api/runs/%25", HttpStatusCode.NotFound);
    }

    private static string[] Names(JsonElement page) => [.. page.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("run").GetString()!)];
}
