using Microsoft.Extensions.Logging;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Receiving;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class ResponseTopicTests
{
    private readonly Lines _log = new();

    [Theory]
    [InlineData("acks/me", true)]
    [InlineData("acks/me/and/more", true)]
    [InlineData("replies/me", true)]
    [InlineData("", false)]
    [InlineData("acks/", false)]
    [InlineData("acks/+", false)]
    [InlineData("acks/#", false)]
    [InlineData("telemetry/d/m", false)]
    [InlineData("stored/r1", false)]
    [InlineData("runs/r1", false)]
    [InlineData("$SYS/x", false)]
    [InlineData("other/me", false)]
    public void Only_acks_and_what_configuration_allows_can_be_asked_for(string topic, bool allowed) =>
        (Make("replies/").Find(topic) is not null).ShouldBe(allowed);

    [Fact]
    public void A_longer_topic_than_a_notice_can_repeat_is_treated_as_absent() =>
        Make().Find("acks/" + new string('x', 600)).ShouldBeNull();

    [Fact]
    public void The_same_topic_is_the_same_address()
    {
        var addresses = Make();
        var first = addresses.Find("acks/d1");
        addresses.Find("acks/d2");

        addresses.Find("acks/d1").ShouldBeSameAs(first);
        addresses.OfDevice("d1"u8).ShouldBeSameAs(first);
    }

    [Fact]
    public void A_refused_prefix_is_logged_once_and_a_stranger_cannot_fill_the_log()
    {
        var addresses = Make();
        for (var i = 0; i < 100; i++) addresses.Find($"evil\n/{i}");
        _log.Texts.ShouldHaveSingleItem().ShouldContain("'evil?/'");

        for (var i = 0; i < 100; i++) addresses.Find($"evil{i}/x");
        _log.Texts.Count.ShouldBe(16);
    }

    private AckAddresses Make(params string[] prefixes) => new(new IngestOptions { AllowedResponsePrefixes = prefixes }, _log);

    private sealed class Lines : ILogger<AckAddresses>
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }
}
