using Shouldly;
using Tally.Contracts;
using Xunit;

namespace Tally.Unit.Tests.Contracts;

public sealed class TopicsTests
{
    [Theory]
    [InlineData("acks/sim-1", true)]
    [InlineData("acks/a/b", true)]
    [InlineData("acks/", false)]
    [InlineData("acks", false)]
    [InlineData("acks/+", false)]
    [InlineData("acks/#", false)]
    [InlineData("acks/a\0", false)]
    [InlineData("telemetry/a/b", false)]
    [InlineData("stored/r", false)]
    [InlineData("runs/r", false)]
    [InlineData("$SYS/broker", false)]
    [InlineData("$share/g/acks/a", false)]
    [InlineData("replies/mine", false)]
    [InlineData("", false)]
    public void Only_acknowledgements_may_be_asked_for(string topic, bool allowed) =>
        Topics.IsAllowedResponseTopic(topic, []).ShouldBe(allowed);

    [Theory]
    [InlineData("replies/mine", true)]
    [InlineData("replies/+", false)]
    [InlineData("telemetry/a/b", false)]
    [InlineData("$SYS/x", false)]
    [InlineData("other", false)]
    public void Configuration_allows_more_but_never_what_Tally_acts_upon(string topic, bool allowed) =>
        Topics.IsAllowedResponseTopic(topic, ["replies/", "telemetry/", "$SYS/", "", new string('x', 10_000)]).ShouldBe(allowed);
}
