using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Tally.AckResponder;
using Tally.AckResponder.Broker;
using Xunit;

namespace Tally.Unit.Tests.AckResponder;

public sealed class BrokerSignsTests : IDisposable, ILogger<BrokerSigns>
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 12, 0, 0, TimeSpan.Zero));
    private readonly List<string> _lines = [];
    private readonly BrokerFigures _figures = new();
    private readonly BrokerSigns _signs;

    public BrokerSignsTests() => _signs = new BrokerSigns(
        new AckResponderMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()),
        new AckResponderOptions { BrokerQueueMessages = 100, BrokerQueueBytes = 1_000 }, _time, this);

    [Theory]
    [InlineData("2026-11-27T06:08:41: Client camera-7 disconnected due to oversize packet.", "client 'camera-7' was closed for a packet over")]
    [InlineData("Client a: b disconnected due to oversize packet.", "client 'a: b' was closed")]
    [InlineData("2026-11-27T06:08:41: Client <unknown> disconnected, not authorised.", "client '<unknown>' was not let in")]
    [InlineData("2026-11-27T06:08:41: Outgoing messages are being dropped for client ingest-1-ab.", "messages for client 'ingest-1-ab' are being dropped")]
    [InlineData("2026-11-27T06:08:41: New client connected from 10.0.0.7:5020 as ingest-1 (p5, c1, k60, u'device').", "user 'device' at 10.0.0.7:5020 connects as 'ingest-1'")]
    [InlineData("2026-11-27T06:08:41: New client connected from ::1:5020 as AckResponder (p2, c0, k60).", "connects as 'AckResponder'")]
    [InlineData("Client a\nb disconnected due to oversize packet.", "client 'a?b' was closed")]
    public void What_an_operator_has_to_know_is_found_in_the_brokers_log(string line, string said)
    {
        _signs.OnLogLine(line);

        _signs.Lately().ShouldHaveSingleItem().ShouldContain(said);
        _lines.ShouldHaveSingleItem().ShouldContain(said);
    }

    [Theory]
    [InlineData("2026-11-27T06:08:41: New client connected from 10.0.0.7:5020 as ingest-1-ab (p5, c0, k15, u'ingest').")]
    [InlineData("2026-11-27T06:08:41: New client connected from 10.0.0.7:5020 as lamp (p5, c0, k15, u'device').")]
    [InlineData("2026-11-27T06:08:41: Client lamp disconnected.")]
    [InlineData("")]
    public void The_rest_is_passed_over(string line)
    {
        _signs.OnLogLine(line);

        _signs.Lately().ShouldBeEmpty();
    }

    [Fact]
    public void Each_kind_is_said_once_a_minute_and_counted_meanwhile()
    {
        for (var i = 0; i < 10; i++) _signs.OnLogLine("Client c disconnected due to oversize packet.");
        _lines.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromMinutes(1));
        _signs.OnLogLine("Client c disconnected due to oversize packet.");

        _lines.Count.ShouldBe(2);
        _lines[1].ShouldContain("seen 10 times since");
        _signs.Lately().ShouldHaveSingleItem().ShouldEndWith("(11 times, last at 2026-11-27T12:01:00Z)");
    }

    [Fact]
    public void What_was_seen_leaves_the_health_page_after_an_hour()
    {
        _signs.OnLogLine("Client c disconnected due to oversize packet.");
        _time.Advance(TimeSpan.FromMinutes(61));

        _signs.Lately().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(79, 0, false)]
    [InlineData(80, 0, true)]
    [InlineData(0, 799, false)]
    [InlineData(0, 800, true)]
    public void A_queue_is_nearly_full_at_80_percent_of_messages_or_bytes(int messages, int bytes, bool said)
    {
        Say("retained messages/count", 0);
        Say("store/messages/count", messages);
        Say("store/messages/bytes", bytes);

        _signs.Lately().Any(line => line.Contains("past that it drops them")).ShouldBe(said);
    }

    [Fact]
    public void Drops_are_said_when_their_counter_moves_and_not_for_its_first_value()
    {
        Say("publish/messages/dropped", 5);
        _signs.Lately().ShouldBeEmpty();
        Say("publish/messages/dropped", 12);
        _signs.Lately().ShouldHaveSingleItem().ShouldStartWith("the broker has dropped 7 messages (12 since its start)");
    }

    public void Dispose() => _services.Dispose();

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _lines.Add(formatter(state, exception));

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    private void Say(string topic, int value)
    {
        _figures.OnMessage(Encoding.UTF8.GetBytes($"$SYS/broker/{topic}"), Encoding.UTF8.GetBytes($"{value}"));
        _signs.OnFigures(_figures);
    }
}
