using System.ComponentModel.DataAnnotations;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Receiving;
using Tally.Ingest.Retiring;
using Tally.Ingest.Sources;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class OptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Problems(new IngestOptions()).ShouldBeEmpty();

    [Theory]
    [InlineData("#")]
    [InlineData("runs/{device}")]
    [InlineData("acks/#")]
    [InlineData("stored")]
    [InlineData("$share/g/home/#")]
    [InlineData("home/#/x")]
    [InlineData("home/a#")]
    [InlineData("home/a+/x")]
    [InlineData("home/{metric}")]
    [InlineData("home/{device}x/{metric}")]
    [InlineData("home/{}/{metric}")]
    [InlineData("home/{device...}/{metric...}")]
    [InlineData("home/{device}/#")]
    [InlineData("home/\0")]
    [InlineData("")]
    public void A_topic_that_is_no_template_or_Tallys_own_is_refused(string topic) =>
        Problems(new IngestOptions { Sources = [new SourceOptions { Topic = topic }] }).ShouldHaveSingleItem().ShouldStartWith($"Sources:0: Topic '{topic}' ");

    [Fact]
    public void What_a_source_cannot_work_with_is_refused_by_name()
    {
        ProblemOf(new SourceOptions { Topic = "a/#", TimeZone = "Mars/Olympus" }).ShouldContain("TimeZone 'Mars/Olympus'");
        ProblemOf(new SourceOptions { Topic = "a/#", Pattern = "(" }).ShouldContain("Pattern '('");
        ProblemOf(new SourceOptions { Topic = "a/#", Pattern = "x" }).ShouldContain("no group named value");
        ProblemOf(new SourceOptions { Topic = "a/#", Pattern = "(?=x)(?<value>.)" }).ShouldContain("is not read");
        ProblemOf(new SourceOptions { Topic = "a/#", MaxSeries = 0 }).ShouldContain("MaxSeries is 0");
        Problems(new IngestOptions { Presets = "tasmoto" }).ShouldHaveSingleItem().ShouldStartWith("'tasmoto' is no preset: expected some of tally, ");

        static string ProblemOf(SourceOptions source) => Problems(new IngestOptions { Sources = [source] }).ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("home/#", "home/+/temperature", true)]
    [InlineData("home/#", "home", true)]
    [InlineData("+/a", "home/+", true)]
    [InlineData("home/a", "home/a", true)]
    [InlineData("home/a", "home/b", false)]
    [InlineData("home/+", "home/a/b", false)]
    [InlineData("home/#", "homes/#", false)]
    public void Filters_that_share_a_topic_are_found(string one, string other, bool overlap)
    {
        TopicFilters.Overlap(one, other).ShouldBe(overlap);
        TopicFilters.Overlap(other, one).ShouldBe(overlap);
    }

    [Theory]
    [InlineData("replies/", true)]
    [InlineData("acks-of-mine/", true)]
    [InlineData("", false)]
    [InlineData("telemetry/x/", false)]
    [InlineData("tele", false)]
    [InlineData("a/+", false)]
    [InlineData("$SYS/", false)]
    public void A_response_prefix_must_not_reach_Tallys_own_topics(string prefix, bool valid) =>
        (Problems(new IngestOptions { AllowedResponsePrefixes = [prefix] }).Count == 0).ShouldBe(valid);

    [Fact]
    public void Values_out_of_range_are_refused()
    {
        Problems(new IngestOptions { Instance = "a/b" }).ShouldHaveSingleItem();
        Problems(new IngestOptions { SharedGroup = "a/b" }).ShouldHaveSingleItem();
        Problems(new IngestOptions { SharedGroup = "+" }).ShouldHaveSingleItem();
        Problems(new IngestOptions { BatchSize = 0 }).ShouldHaveSingleItem();
        Problems(new IngestOptions { Batches = 1 }).ShouldHaveSingleItem();
        Problems(new IngestOptions { BatchTime = TimeSpan.Zero }).ShouldHaveSingleItem();
        Problems(new IngestOptions { KeepAlive = TimeSpan.Zero }).ShouldHaveSingleItem();
        Problems(new IngestOptions { SessionExpiry = TimeSpan.Zero }).ShouldHaveSingleItem();
        Problems(new IngestOptions { StopTimeout = TimeSpan.FromDays(1) }).ShouldHaveSingleItem();
    }

    [Fact]
    public void Names_of_pods_are_names_of_instances() =>
        Problems(new IngestOptions { Instance = "tally-production.ingest-" + new string('x', 37) + "-0", SharedGroup = "tally" }).ShouldBeEmpty();

    [Fact]
    public void It_subscribes_to_everything_or_to_what_is_named_and_a_group_shares_it()
    {
        SubscriptionFilters.Of(new IngestOptions()).ShouldBe(["#"]);
        SubscriptionFilters.Of(new IngestOptions { SharedGroup = "g" }).ShouldBe(["$share/g/#", "ingest/ingest-1"]);
        SubscriptionFilters.Of(new IngestOptions { Topics = "runs/+, telemetry/#" }).ShouldBe(["runs/+", "telemetry/#", "ingest/ingest-1"]);
    }

    [Theory]
    [InlineData("", "names no topic filter")]
    [InlineData("a/#,+/b", "'a/#' and '+/b' match the same topics")]
    [InlineData("a/#/b", "'a/#/b' has a # that is not its last level")]
    [InlineData("a/{device}", "'a/{device}' has named levels")]
    [InlineData("$SYS/#", "'$SYS/#' begins with $")]
    public void Topics_that_cannot_be_subscribed_to_or_would_come_twice_are_refused(string topics, string problem) =>
        Problems(new IngestOptions { Topics = topics }).ShouldHaveSingleItem().ShouldContain(problem);

    [Fact]
    public void Retiring_must_not_run_out_of_patience_while_nothing_can_move()
    {
        Problems(new RetireOptions()).ShouldBeEmpty();
        Problems(new RetireOptions { Watch = TimeSpan.FromMinutes(2) }).ShouldHaveSingleItem().ShouldContain("Watch (00:02:00)");
        Problems(new RetireOptions { Quiet = TimeSpan.FromMinutes(1) }).ShouldHaveSingleItem();
        Problems(new RetireOptions { Timeout = TimeSpan.Zero }).ShouldHaveSingleItem();
    }

    private static List<string> Problems(object options)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return [.. results.Select(result => result.ErrorMessage!)];
    }
}
