using System.Text;
using Shouldly;
using Tally.SensorSimulator.Runs;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

/// <summary>What Mosquitto 2.0.11 sends, as it was seen.</summary>
public sealed class DropCounterTests
{
    private readonly DropCounter _counter = new();

    [Fact]
    public void A_broker_that_just_started_says_zero_with_its_first_tick()
    {
        Tick("0");
        Finish();
        _counter.Dropped.ShouldBe(0);
    }

    [Fact]
    public void A_broker_that_has_been_running_says_nothing_while_nothing_is_dropped()
    {
        Retained("uptime", "88 seconds");
        Tick();
        Finish();
        _counter.Dropped.ShouldBe(0);
    }

    [Fact]
    public void A_retained_value_is_where_counting_starts()
    {
        Retained("publish/messages/dropped", "5");
        Finish();
        _counter.Dropped.ShouldBe(0);
    }

    [Fact]
    public void What_is_dropped_during_the_run_is_counted()
    {
        Retained("publish/messages/dropped", "5");
        Tick("7");
        Tick("12");
        Finish();
        _counter.Dropped.ShouldBe(7);
    }

    [Fact]
    public void A_drop_in_the_final_tick_is_counted()
    {
        Retained("publish/messages/dropped", "5");
        _counter.BeginFinalTick();
        Tick("6");
        _counter.Dropped.ShouldBe(1);
    }

    [Fact]
    public void A_counter_that_moves_from_nobody_knows_where_is_unknown()
    {
        Tick();
        Tick("12");
        Finish();
        _counter.Dropped.ShouldBeNull();
    }

    [Fact]
    public void Without_a_tick_nothing_is_known()
    {
        _counter.BeginFinalTick();
        _counter.Dropped.ShouldBeNull();
    }

    [Fact]
    public void A_retained_uptime_is_no_tick()
    {
        _counter.BeginFinalTick();
        Retained("uptime", "88 seconds");
        Retained("bytes/sent", "4487");
        _counter.IsSettled.ShouldBeFalse();
    }

    [Fact]
    public void The_end_of_a_tick_that_began_before_the_last_acknowledgement_does_not_count()
    {
        Live("uptime", "90 seconds");
        _counter.BeginFinalTick();
        Live("bytes/sent", "5215");
        _counter.IsSettled.ShouldBeFalse();
        Tick();
        _counter.IsSettled.ShouldBeTrue();
    }

    [Fact]
    public void A_broker_without_the_end_of_its_ticks_is_waited_for_until_the_next_one()
    {
        _counter.BeginFinalTick();
        Live("uptime", "90 seconds");
        _counter.IsSettled.ShouldBeFalse();
        Live("uptime", "92 seconds");
        _counter.IsSettled.ShouldBeTrue();
    }

    [Fact]
    public void After_another_connection_it_is_unknown_because_the_broker_may_have_started_again()
    {
        Retained("publish/messages/dropped", "0");
        _counter.OnReconnected();
        Finish();
        _counter.Dropped.ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("1 2")]
    [InlineData("99999999999999999999")]
    public void A_value_that_is_no_number_is_unknown(string value)
    {
        Tick(value);
        Finish();
        _counter.Dropped.ShouldBeNull();
    }

    private void Finish()
    {
        _counter.BeginFinalTick();
        Tick();
        _counter.IsSettled.ShouldBeTrue();
    }

    private void Tick(string? dropped = null)
    {
        Live("uptime", "1 seconds");
        if (dropped is not null) Live("publish/messages/dropped", dropped);
        Live("bytes/sent", "1");
    }

    private void Live(string topic, string payload) => Send(topic, payload, retained: false);

    private void Retained(string topic, string payload) => Send(topic, payload, retained: true);

    private void Send(string topic, string payload, bool retained) =>
        _counter.OnMessage(Encoding.UTF8.GetBytes("$SYS/broker/" + topic), Encoding.UTF8.GetBytes(payload), retained);
}
