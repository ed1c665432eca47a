using System.CommandLine;
using Shouldly;
using Tally.SensorSimulator.Commands;
using Tally.SensorSimulator.Watching;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class ParsingTests
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("10s", 10_000)]
    [InlineData("10", 10_000)]
    [InlineData("0.5", 500)]
    [InlineData("2m", 120_000)]
    [InlineData("1.5h", 5_400_000)]
    public void A_time_is_a_number_with_a_unit(string text, long milliseconds)
    {
        Parsing.TryParseTime(text, out var time).ShouldBeTrue();
        time.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1d")]
    [InlineData("0.5ms")]
    [InlineData("1e3")]
    [InlineData("99999999999999999999999999")]
    public void Anything_else_is_no_time(string text) => Parsing.TryParseTime(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("--messages", "abc")]
    [InlineData("--messages", "0")]
    [InlineData("--messages", "1.5")]
    [InlineData("--devices", "100001")]
    [InlineData("--rate", "-1")]
    [InlineData("--rate", "NaN")]
    [InlineData("--qos", "3")]
    [InlineData("--source", "microphone")]
    [InlineData("--run", "a/b")]
    [InlineData("--run", "0")]
    [InlineData("--window", "0")]
    [InlineData("--step", "0.1ms")]
    [InlineData("--stall-timeout", "soon")]
    public void A_wrong_value_is_named_with_its_option_and_what_is_allowed(string option, string value)
    {
        var error = Parse(option, value).ShouldHaveSingleItem();
        error.ShouldContain(option);
        error.ShouldContain($"'{value}'");
        error.ShouldContain("expected");
        error.ShouldNotContain("\n");
    }

    [Fact]
    public void A_password_in_a_wrong_address_is_not_repeated() =>
        Parse("--broker", "http://me:secret@host").ShouldHaveSingleItem().ShouldNotContain("secret");

    [Theory]
    [InlineData("--messages", "1,000")]
    [InlineData("--rate", "0.5")]
    [InlineData("--qos", "0")]
    [InlineData("--qos", "2")]
    [InlineData("--seed", "-5")]
    [InlineData("--run", "My.run_1-b")]
    [InlineData("--source", "synthetic")]
    [InlineData("--step", "1s")]
    public void A_right_value_is_taken(string option, string value) => Parse(option, value).ShouldBeEmpty();

    [Theory]
    [InlineData("#", true)]
    [InlineData("telemetry/#", true)]
    [InlineData("telemetry/+/temperature", true)]
    [InlineData("/", true)]
    [InlineData("", false)]
    [InlineData("a/#/b", false)]
    [InlineData("a#", false)]
    [InlineData("a/b+", false)]
    public void A_topic_filter_has_its_wildcards_in_their_places(string filter, bool valid) => TopicFilter.IsValid(filter).ShouldBe(valid);

    private static List<string> Parse(params string[] arguments)
    {
        var command = new RunCommand().AddTo(new RootCommand());
        return [.. command.Parse([.. arguments, .. arguments.Contains("--broker") ? (string[])[] : ["--broker", "mqtt://host"], "--api", "http://host"]).Errors.Select(error => error.Message)];
    }
}
