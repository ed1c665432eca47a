using System.Text.Json;
using Shouldly;
using Tally.SensorSimulator.Ledgers;
using Tally.SensorSimulator.Runs;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class LedgerTests
{
    [Fact]
    public void It_balances_when_all_is_stored_and_acknowledged() => new Ledger(Outcomes.Run(), Outcomes.Store()).Reasons.ShouldBeEmpty();

    [Fact]
    public void It_balances_when_the_same_readings_are_rejected_on_both_sides() =>
        // Index 4 of three devices is the second reading of the second device.
        new Ledger(Outcomes.Run(rejected: [4]), Outcomes.Store(new SeqRange("sensor-0002", "temperature", 2, 2))).Reasons.ShouldBeEmpty();

    [Fact]
    public void Equal_counts_of_different_readings_do_not_balance() =>
        new Ledger(Outcomes.Run(rejected: [4]), Outcomes.Store(new SeqRange("sensor-0002", "temperature", 3, 3))).Reasons
            .ShouldBe(["1 readings are rejected and were not acknowledged so"]);

    [Fact]
    public void Rejected_readings_of_strangers_do_not_balance() =>
        new Ledger(Outcomes.Run(rejected: [4]), Outcomes.Store(new SeqRange("sensor-0099", "temperature", 2, 2))).IsBalanced.ShouldBeFalse();

    [Fact]
    public void A_reading_without_an_acknowledgement_does_not_balance() =>
        new Ledger(Outcomes.Run(open: [7]), Outcomes.Store()).Reasons.ShouldContain("1 readings were never acknowledged");

    [Fact]
    public void A_reading_acknowledged_both_ways_does_not_balance()
    {
        var run = Outcomes.Run();
        run.Rejected.Add(3);
        new Ledger(run, Outcomes.Store()).Reasons.ShouldContain("1 readings were acknowledged both as stored and as rejected");
    }

    public static TheoryData<string, string> WrongStores => new()
    {
        { "missing", "2 readings are missing from the store" },
        { "twice", "the store has 11 rows for 10 identities" },
        { "conflict", "1 identities are stored with more than one time" },
        { "overlap", "1 identities are both stored and rejected" },
        { "strange", "the store has 1 identities that the run does not have" },
        { "unfinished", "the store knows of no published readings, not of 10" },
        { "fewer", "10 readings were acknowledged as stored, and 9 are" },
        { "rejected", "0 readings were acknowledged as rejected, and 1 are" },
    };

    [Theory]
    [MemberData(nameof(WrongStores))]
    public void What_is_wrong_with_the_store_is_said(string what, string reason)
    {
        var store = Outcomes.Store();
        store = what switch
        {
            "missing" => store with { MissingTotal = 2 },
            "twice" => store with { Stored = 11 },
            "conflict" => store with { Conflicts = 1 },
            "overlap" => store with { Overlap = 1 },
            "strange" => store with { Unexpected = 1 },
            "unfinished" => store with { Published = null },
            "fewer" => store with { Stored = 9, Distinct = 9 },
            _ => store with { Rejected = 1 },
        };
        new Ledger(Outcomes.Run(), store).Reasons.ShouldBe([reason]);
    }

    [Fact]
    public void What_no_count_explains_was_delivered_again() =>
        new Ledger(Outcomes.Run(), Outcomes.Store() with { Received = 15, Duplicates = 3 }).DeliveredAgain.ShouldBe(2);

    [Fact]
    public void The_table_says_what_is_missing_and_why_it_does_not_balance()
    {
        var store = Outcomes.Store() with { Missing = [new SeqRange("sensor-0001", "temperature", 2, 3), new SeqRange("sensor-0003", "temperature", 1, 1)], MissingTotal = 3 };
        var text = new StringWriter();
        LedgerTable.Write(text, new Ledger(Outcomes.Run() with { BrokerDropped = null }, store));

        text.ToString().ShouldContain("missing: sensor-0001 2-3");
        text.ToString().ShouldContain("missing: sensor-0003 1\n");
        text.ToString().ShouldContain("NOT balanced");
        text.ToString().ShouldContain("broker drops         unknown");
    }

    [Fact]
    public void The_table_says_that_it_balances()
    {
        var text = new StringWriter();
        LedgerTable.Write(text, new Ledger(Outcomes.Run(), Outcomes.Store()));
        text.ToString().ShouldContain("\nbalanced:");
    }

    [Fact]
    public async Task The_report_has_the_names_that_programs_read()
    {
        var cancel = TestContext.Current.CancellationToken;
        var path = Path.Combine(Directory.CreateTempSubdirectory("tally").FullName, "report.json");
        await Report.Of(new Ledger(Outcomes.Run() with { BrokerDropped = null }, Outcomes.Store())).WriteAsync(path, cancel);

        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(path, cancel));
        report.RootElement.EnumerateObject().Select(property => property.Name).ShouldBe(
        [
            "run", "published", "acknowledged", "stored", "received", "duplicates", "rejected", "resent", "conflicts", "brokerDropped",
            "missing", "missingTotal", "balanced", "seconds", "messagesPerSecond", "latencyMs",
        ]);
        report.RootElement.GetProperty("brokerDropped").ValueKind.ShouldBe(JsonValueKind.Null);
        report.RootElement.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        report.RootElement.GetProperty("messagesPerSecond").GetDouble().ShouldBe(5);
        report.RootElement.GetProperty("latencyMs").EnumerateObject().Select(property => property.Name).ShouldBe(["p50", "p95", "p99", "max"]);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_says_so_in_one_line()
    {
        var error = await Should.ThrowAsync<RunEnvironmentException>(
            () => Report.Of(Outcomes.Run()).WriteAsync("/proc/nowhere/report.json", TestContext.Current.CancellationToken));
        error.Message.ShouldContain("/proc/nowhere/report.json");
        error.Message.ShouldNotContain("\n");
    }

    [Fact]
    public void A_run_that_was_interrupted_reports_what_is_outstanding()
    {
        var report = Report.Of(Outcomes.Run(open: [1, 4, 8], published: 9));
        report.Balanced.ShouldBeFalse();
        report.Stored.ShouldBeNull();
        report.MissingTotal.ShouldBe(3);
        report.Missing.ShouldBe([new SeqRange("sensor-0002", "temperature", 1, 2), new SeqRange("sensor-0003", "temperature", 3, 3)]);
    }

    [Fact]
    public void Ranges_are_cut_off_but_counted()
    {
        var plan = Outcomes.Run().Plan;
        var list = RangeList.Of(plan, Outcomes.Readings, index => index % 2 == 0, limit: 2);
        list.Total.ShouldBe(5);
        list.Ranges.Count.ShouldBe(2);
        list.Describe().ShouldBe("sensor-0001 1, sensor-0001 3 and 3 more readings");
    }
}
