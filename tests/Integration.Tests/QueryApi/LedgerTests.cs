using System.Net;
using System.Text.Json;
using Npgsql;
using Shouldly;
using Tally.Contracts;
using Tally.Integration.Tests.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed class LedgerTests(StoreServer server) : QueryApiTest(server)
{
    [Fact]
    public async Task A_run_with_names_of_its_own_balances_by_its_number_and_without_gaps()
    {
        await Runs.AnnounceAsync("own", devices: 0, expected: 10, RunState.Finished, published: 10);
        await Runs.StoreAsync("own", "kitchen", 1, 4);
        await Runs.StoreAsync("own", "hall", 1, 3, metric: "humidity");
        await Runs.StoreAsync("own", "hall", 5, 6, metric: "humidity");

        var ledger = await Api.GetAsync("/api/runs/own/ledger");
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
        ledger.GetProperty("missingTotal").GetInt64().ShouldBe(1);
        ledger.GetProperty("missing")[0].GetProperty("from").GetInt64().ShouldBe(4);

        await Runs.StoreAsync("own", "hall", 4, 4, metric: "humidity");
        (await Api.GetAsync("/api/runs/own/ledger")).GetProperty("balanced").GetBoolean().ShouldBeTrue();

        await Runs.AnnounceAsync("own", devices: 0, expected: 12, RunState.Finished, published: 12);
        (await Api.GetAsync("/api/runs/own/ledger")).GetProperty("missingTotal").GetInt64().ShouldBe(2);
        await Runs.AnnounceAsync("own", devices: 0, expected: 9, RunState.Finished, published: 9);
        (await Api.GetAsync("/api/runs/own/ledger")).GetProperty("unexpected").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task One_identity_in_two_units_is_a_conflict()
    {
        await Runs.AnnounceAsync("own", devices: 0, expected: 2, RunState.Finished, published: 2);
        await Runs.StoreAsync("own", "kitchen", 1, 2);
        await Runs.ExecuteAsync("insert into series (device, metric, unit) values ('kitchen', 'temperature', '°F')");
        await Runs.ExecuteAsync("insert into readings (series_id, at, run_id, seq, value) select s.id, '2026-11-20T09:00:00Z', r.id, 1, 70 from series s, runs r where s.unit = '°F' and name = 'own'");

        var ledger = await Api.GetAsync("/api/runs/own/ledger");

        (ledger.GetProperty("conflicts").GetInt64(), ledger.GetProperty("distinct").GetInt64(), ledger.GetProperty("stored").GetInt64()).ShouldBe((1, 2, 3));
    }

    [Fact]
    public async Task A_complete_run_balances_and_says_so_in_the_agreed_fields()
    {
        await Runs.AnnounceAsync("r1", devices: 3, expected: 1000, RunState.Finished, published: 1000);
        await Runs.StoreAllAsync("r1", devices: 3, expected: 1000);
        await Runs.CountAsync("r1", received: 700, stored: 699, duplicates: 1);
        await Runs.CountAsync("r1", received: 303, stored: 301, duplicates: 2, instance: "ingest-1");

        var ledger = await LedgerAsync();
        ledger.GetProperty("run").GetString().ShouldBe("r1");
        ledger.GetProperty("state").GetString().ShouldBe("finished");
        ledger.GetProperty("missing").GetArrayLength().ShouldBe(0);
        ledger.GetProperty("rejectedRanges").GetArrayLength().ShouldBe(0);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        Numbers(ledger, "expected", "published", "stored", "distinct", "received", "duplicates").ShouldBe([1000, 1000, 1000, 1000, 1003, 3]);
        Numbers(ledger, "rejected", "conflicts", "missingTotal", "overlap", "unexpected").ShouldBe([0, 0, 0, 0, 0]);
    }

    [Fact]
    public async Task Gaps_at_start_middle_and_end_and_a_silent_device_are_listed()
    {
        await Runs.AnnounceAsync("r1", devices: 3, expected: 30);
        await Runs.StoreAsync("r1", "sensor-0001", 3, 4);
        await Runs.StoreAsync("r1", "sensor-0001", 7, 9);
        await Runs.StoreAsync("r1", "sensor-0003", 1, 10);

        var ledger = await LedgerAsync();
        Ranges(ledger, "missing").ShouldBe(
        [
            "sensor-0001/temperature 1-2", "sensor-0001/temperature 5-6", "sensor-0001/temperature 10-10", "sensor-0002/temperature 1-10",
        ]);
        Numbers(ledger, "missingTotal", "missingRanges", "stored").ShouldBe([15, 4, 15]);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
        ledger.GetProperty("reasons")[0].GetString().ShouldBe("15 readings are missing.");
    }

    [Fact]
    public async Task A_finished_run_is_measured_by_what_it_published()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 1000, RunState.Finished, published: 11);
        await Runs.StoreAllAsync("r1", devices: 2, expected: 11);
        (await LedgerAsync()).GetProperty("balanced").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task An_identity_with_two_times_is_a_conflict_even_in_another_partition()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 20);
        await Runs.StoreAllAsync("r1", devices: 2, expected: 20);
        await Runs.StoreAsync("r1", "sensor-0002", 4, 4, shift: TimeSpan.FromMilliseconds(1));
        await Runs.StoreAsync("r1", "sensor-0002", 10, 10, shift: TimeSpan.FromDays(-400));
        await Runs.StoreAsync("r1", "sensor-0002", 10, 10, shift: TimeSpan.FromDays(4000));

        var ledger = await LedgerAsync();
        Numbers(ledger, "stored", "distinct", "conflicts", "missingTotal").ShouldBe([23, 20, 2, 0]);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Rejected_readings_are_not_missing_and_count_once_whatever_came_under_their_identity()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 20);
        await Runs.StoreAsync("r1", "sensor-0001", 1, 10);
        await Runs.StoreAsync("r1", "sensor-0002", 1, 6);
        foreach (var seq in (long[])[7, 8, 10]) await Runs.RejectAsync("r1", "sensor-0002", seq);
        await Runs.RejectAsync("r1", "sensor-0002", 8, payload: "another payload");

        var ledger = await LedgerAsync();
        Ranges(ledger, "rejectedRanges").ShouldBe(["sensor-0002/temperature 7-8", "sensor-0002/temperature 10-10"]);
        Ranges(ledger, "missing").ShouldBe(["sensor-0002/temperature 9-9"]);
        Numbers(ledger, "rejected", "missingTotal", "overlap").ShouldBe([3, 1, 0]);

        await Runs.StoreAsync("r1", "sensor-0002", 9, 9);
        (await LedgerAsync()).GetProperty("balanced").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Dead_letters_without_an_identity_are_shown_and_change_nothing()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 1);
        await Runs.StoreAsync("r1", "sensor-0001", 1, 1);
        await Runs.RejectAsync("r1", "sensor-0001", seq: 0);
        var ledger = await LedgerAsync();
        Numbers(ledger, "rejected", "rejectedUnidentified").ShouldBe([0, 1]);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task A_reading_both_stored_and_rejected_does_not_balance()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 10);
        await Runs.StoreAsync("r1", "sensor-0001", 1, 10);
        await Runs.RejectAsync("r1", "sensor-0001", 5);
        var ledger = await LedgerAsync();
        Numbers(ledger, "overlap", "missingTotal").ShouldBe([1, 0]);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Rows_that_the_plan_does_not_have_are_unexpected()
    {
        await Runs.AnnounceAsync("r1", devices: 2, expected: 20);
        await Runs.StoreAllAsync("r1", devices: 2, expected: 20);
        await Runs.StoreAsync("r1", "sensor-0001", 11, 12);
        await Runs.StoreAsync("r1", "sensor-0003", 1, 1);
        await Runs.StoreAsync("r1", "sensor-0001", 1, 1, metric: "humidity");
        var ledger = await LedgerAsync();
        Numbers(ledger, "unexpected", "missingTotal", "stored").ShouldBe([4, 0, 24]);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task An_unannounced_run_misses_what_lies_below_the_largest_seq_of_each_series()
    {
        await Runs.StoreAsync("r1", "kitchen", 2, 5);
        await Runs.RejectAsync("r1", "kitchen", 8);
        await Runs.StoreAsync("r1", "hall", 1, 3);
        var ledger = await LedgerAsync();
        Ranges(ledger, "missing").ShouldBe(["kitchen/temperature 1-1", "kitchen/temperature 6-7"]);
        ledger.GetProperty("expected").ValueKind.ShouldBe(JsonValueKind.Null);
        ledger.GetProperty("balanced").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task A_run_of_which_nothing_arrived_misses_everything()
    {
        await Runs.AnnounceAsync("r1", devices: 5000, expected: 12_000);
        var ledger = await LedgerAsync();
        Numbers(ledger, "stored", "missingTotal", "missingRanges").ShouldBe([0, 12_000, 5000]);
        ledger.GetProperty("missing").GetArrayLength().ShouldBe(1000);
    }

    [Fact]
    public async Task Other_runs_with_the_same_identities_are_not_counted()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 10);
        await Runs.StoreAsync("r1", "sensor-0001", 1, 10);
        await Runs.StoreAsync("r2", "sensor-0001", 1, 50);
        await Runs.RejectAsync("r2", "sensor-0001", 3);
        Numbers(await LedgerAsync(), "stored", "rejected", "overlap", "unexpected").ShouldBe([10, 0, 0, 0]);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task A_random_run_agrees_with_sets_in_memory(int seed)
    {
        var random = new Random(seed);
        var (devices, expected) = (random.Next(2, 6), random.Next(50, 150));
        await Runs.AnnounceAsync("r1", devices, expected);
        var rows = new List<(string Device, long Seq)>();
        var rejected = new HashSet<(string Device, long Seq)>();
        for (var i = 0; i < 120; i++)
        {
            var identity = (Device: RunPlan.DeviceName(random.Next(devices + 1)), Seq: (long)random.Next(1, 40));
            if (random.Next(5) == 0)
            {
                if (rejected.Add(identity)) await Runs.RejectAsync("r1", identity.Device, identity.Seq);
                continue;
            }

            // A time of its own for each copy: a different day now and then.
            await Runs.StoreAsync("r1", identity.Device, identity.Seq, identity.Seq, shift: TimeSpan.FromHours(rows.Count(row => row == identity) * 20));
            rows.Add(identity);
        }

        var plan = new RunPlan(expected, devices, default, default);
        var planned = Enumerable.Range(0, expected).Select(index => plan.IdentityOf(index)).Select(one => (Device: RunPlan.DeviceName(one.Device), one.Seq)).ToHashSet();
        var known = rows.Union(rejected).ToHashSet();
        var ledger = await LedgerAsync();
        Numbers(ledger, "stored", "distinct", "rejected").ShouldBe([rows.Count, rows.Distinct().Count(), rejected.Count]);
        Numbers(ledger, "conflicts").ShouldBe([rows.GroupBy(row => row).Count(copies => copies.Count() > 1)]);
        Numbers(ledger, "overlap", "unexpected").ShouldBe([rows.Intersect(rejected).Count(), known.Except(planned).Count()]);
        Numbers(ledger, "missingTotal").ShouldBe([planned.Except(known).Count()]);
        Expand(ledger, "missing").ShouldBe(planned.Except(known).Order());
        Expand(ledger, "rejectedRanges").ShouldBe(rejected.Order());
    }

    [Fact]
    public async Task A_ledger_is_cancelled_in_the_database_when_its_client_goes()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 10);
        await using var connection = await Runs.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var lockTable = new NpgsqlCommand("lock table dead_letters in access exclusive mode", connection))
            await lockTable.ExecuteNonQueryAsync(Cancellation);

        using var leaving = new CancellationTokenSource();
        var asking = Api.Client.GetAsync("/api/runs/r1/ledger", leaving.Token);
        await Eventually.UntilAsync(async () => await WaitingAsync() == 1, "the ledger to wait for the lock");
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asking);
        await Eventually.UntilAsync(async () => await WaitingAsync() == 0, "the query to be cancelled in the database");
    }

    [Fact]
    public async Task An_unknown_run_has_no_ledger()
    {
        var problem = await Api.GetProblemAsync("/api/runs/nope/ledger", HttpStatusCode.NotFound);
        problem.GetProperty("title").GetString().ShouldBe("Unknown run");
        problem.GetProperty("detail").GetString()!.ShouldContain("'nope'");
    }

    private Task<JsonElement> LedgerAsync() => Api.GetAsync("/api/runs/r1/ledger");

    private Task<long> WaitingAsync() => Runs.QueryAsync<long>(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'tally-queryapi' and wait_event_type = 'Lock'");

    private static long[] Numbers(JsonElement ledger, params string[] names) => Array.ConvertAll(names, name => ledger.GetProperty(name).GetInt64());

    private static IEnumerable<string> Ranges(JsonElement ledger, string name) => ledger.GetProperty(name).EnumerateArray().Select(range =>
        $"{range.GetProperty("device")}/{range.GetProperty("metric")} {range.GetProperty("from")}-{range.GetProperty("to")}");

    private static List<(string Device, long Seq)> Expand(JsonElement ledger, string name)
    {
        var identities = new List<(string Device, long Seq)>();
        foreach (var range in ledger.GetProperty(name).EnumerateArray())
        {
            for (var seq = range.GetProperty("from").GetInt64(); seq <= range.GetProperty("to").GetInt64(); seq++)
                identities.Add((range.GetProperty("device").GetString()!, seq));
        }

        identities.Sort();
        return identities;
    }
}
