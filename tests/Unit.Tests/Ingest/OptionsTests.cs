using System.ComponentModel.DataAnnotations;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Receiving;
using Tally.Ingest.Retiring;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class OptionsTests
{
    [Fact]
    public void The_defaults_are_valid_and_subscribe_to_the_usual_foreign_topics()
    {
        Problems(new IngestOptions()).ShouldBeEmpty();
        new IngestOptions().Filters.ShouldBe(["Building/#", "home/#", "sensor/#"]);
    }

    [Fact]
    public void Configured_filters_replace_the_default_and_an_empty_one_means_none()
    {
        new IngestOptions { ForeignFilters = ["lab/#"] }.Filters.ShouldBe(["lab/#"]);
        new IngestOptions { ForeignFilters = [""] }.Filters.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("#")]
    [InlineData("+/d/m")]
    [InlineData("telemetry/x")]
    [InlineData("acks/#")]
    [InlineData("+/r1")]
    [InlineData("stored")]
    [InlineData("$share/g/home/#")]
    [InlineData("home/#/x")]
    [InlineData("home/a#")]
    [InlineData("home/a+/x")]
    public void A_filter_that_matches_Tallys_own_topics_or_is_none_is_refused(string filter) =>
        Problems(new IngestOptions { ForeignFilters = [filter] }).ShouldHaveSingleItem().ShouldContain($"'{filter}'");

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
        Problems(new IngestOptions { ForeignFilters = [one, other] }).Any(problem => problem.Contains("same topics")).ShouldBe(overlap);
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
    public void A_group_shares_every_filter()
    {
        var options = new IngestOptions { ForeignFilters = ["lab/#"] };

        SubscriptionFilters.Of(options).ShouldBe(["telemetry/+/+", "runs/+", "lab/#"]);
        SubscriptionFilters.Of(options with { SharedGroup = "g" }).ShouldBe(["$share/g/telemetry/+/+", "$share/g/runs/+", "$share/g/lab/#"]);
    }

    [Fact]
    public void A_session_of_which_nothing_is_remembered_may_hold_what_earlier_versions_subscribed_to() =>
        SubscriptionFilters.Unremembered(new IngestOptions { ForeignFilters = ["lab/#"], SharedGroup = "g" }).ShouldBe(
            ["telemetry/+/+", "runs/+", "lab/#", "Building/#", "home/#", "sensor/#", "$share/g/telemetry/+/+", "$share/g/runs/+", "$share/g/lab/#"]);

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
