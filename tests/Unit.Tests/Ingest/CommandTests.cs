using Microsoft.Extensions.Options;
using Shouldly;
using Tally.Ingest;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class CommandTests
{
    [Theory]
    [InlineData("")]
    [InlineData("migrate", "migrate")]
    [InlineData("", "--Ingest:BatchSize=500", "--urls=http://127.0.0.1:0")]
    [InlineData("migrate", "migrate", "--connectionstrings:telemetry=Host=x")]
    [InlineData("retire", "retire", "--instance", "ingest-2")]
    public async Task A_verb_or_none_runs_with_its_settings(string verb, params string[] arguments)
    {
        var (status, errors, ran) = await RunAsync(arguments, () => 7);

        (status, errors, ran).ShouldBe((7, "", verb));
    }

    [Theory]
    [InlineData("'migrat' is no verb", "migrat")]
    [InlineData("'--batch-size' is no setting", "--batch-size", "500")]
    [InlineData("'--Ingest:BatchSize' is no setting", "--Ingest:BatchSize", "500")]
    [InlineData("'--Nonsense:X=1' is no setting", "--Nonsense:X=1")]
    [InlineData("'now' is no setting", "migrate", "now")]
    [InlineData("'--instance' is no setting", "--instance", "ingest-2")]
    [InlineData("retire needs --instance NAME", "retire")]
    [InlineData("--instance needs a value", "retire", "--instance")]
    [InlineData("--instance needs a value", "retire", "--instance=")]
    [InlineData("--instance needs a value", "retire", "--instance", "--Retire:Quiet=00:00:02")]
    [InlineData("--topic needs a value", "decode", "--topic")]
    [InlineData("'--reason' is no setting", "decode", "--reason", "x")]
    [InlineData("'ingest-2' is no setting", "retire", "ingest-2", "--instance", "ingest-3")]
    [InlineData("'--instance=ingest-3' is no setting", "retire", "--instance=ingest-2", "--instance=ingest-3")]
    public async Task Anything_else_is_one_line_with_the_usage_and_exit_status_2(string named, params string[] arguments)
    {
        var (status, errors, ran) = await RunAsync(arguments, () => 0);

        (status, ran).ShouldBe((2, null));
        errors.TrimEnd().ShouldNotContain("\n");
        errors.ShouldStartWith("Ingest: " + named);
        errors.ShouldContain("usage: Ingest");
    }

    [Theory]
    [InlineData("--instance", "ingest-2", "--Retire:Quiet=00:00:02")]
    [InlineData("--Retire:Quiet=00:00:02", "--instance=ingest-2")]
    public async Task The_instance_to_retire_becomes_a_setting_that_wins(params string[] arguments)
    {
        await using var errors = new StringWriter();
        string[] got = [];
        await IngestCommand.RunAsync(["retire", .. arguments], errors, (_, settings) =>
        {
            got = settings;
            return Task.FromResult(0);
        });

        got.ShouldBe(["--Retire:Quiet=00:00:02", "--Ingest:Instance=ingest-2"]);
    }

    [Fact]
    public async Task Wrong_options_are_said_one_by_one_with_exit_status_2()
    {
        var (status, errors, _) = await RunAsync([], () => throw new OptionsValidationException("Ingest", typeof(IngestOptions), ["one is wrong", "two is wrong"]));

        status.ShouldBe(2);
        errors.ShouldBe($"Ingest: one is wrong{Environment.NewLine}two is wrong{Environment.NewLine}");
    }

    [Fact]
    public async Task A_port_that_is_taken_is_one_line_with_exit_status_3()
    {
        var (status, errors, _) = await RunAsync([], () => throw new IOException("Failed to bind to address http://127.0.0.1:80: address already in use."));

        status.ShouldBe(3);
        errors.ShouldContain("127.0.0.1:80");
    }

    private static async Task<(int Status, string Errors, string? Ran)> RunAsync(string[] arguments, Func<int> run)
    {
        await using var errors = new StringWriter();
        string? ran = null;
        var status = await IngestCommand.RunAsync(arguments, errors, (verb, _) =>
        {
            ran = verb;
            return Task.FromResult(run());
        });
        return (status, errors.ToString(), ran);
    }
}
