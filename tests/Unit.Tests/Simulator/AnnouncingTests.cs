using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Tally.Contracts;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class AnnouncingTests
{
    private static readonly WindowOptions Options = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void An_announcement_is_sent_at_once_and_then_only_after_silence()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.TryNext(out var state).ShouldBeTrue();
        state.ShouldBe(RunState.Started);

        var sent = new List<int>();
        for (var second = 1; second <= 200; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            if (announcing.TryNext(out _)) sent.Add(second);
        }

        sent.ShouldBe([10, 30, 70, 130, 190]);
    }

    [Fact]
    public void It_is_settled_when_it_is_acknowledged()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.IsSettled.ShouldBeFalse();
        announcing.OnAcknowledged(RunState.Started);
        announcing.IsSettled.ShouldBeTrue();
        announcing.TryNext(out _).ShouldBeFalse();
        announcing.Announce(RunState.Started);
        announcing.IsSettled.ShouldBeTrue();
    }

    [Fact]
    public void A_finished_run_has_been_started()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.Announce(RunState.Finished);
        announcing.Open.ShouldBe([RunState.Started, RunState.Finished]);
        announcing.OnAcknowledged(RunState.Finished);
        announcing.IsSettled.ShouldBeTrue();
    }

    [Fact]
    public void That_it_has_started_is_not_that_it_has_finished()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Finished);
        announcing.OnAcknowledged(RunState.Started);
        announcing.Open.ShouldBe([RunState.Finished]);
    }

    [Fact]
    public void It_is_sent_again_when_the_session_is_lost()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.TryNext(out _).ShouldBeTrue();
        announcing.TryNext(out _).ShouldBeFalse();
        announcing.OnSessionLost();
        announcing.TryNext(out _).ShouldBeTrue();
    }

    [Fact]
    public void It_is_sent_again_after_a_pause_when_it_reached_nobody()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.TryNext(out var state);
        announcing.OnRefused(state);
        announcing.TryNext(out _).ShouldBeFalse();
        _time.Advance(Options.RefusedPause);
        announcing.TryNext(out _).ShouldBeTrue();
    }

    [Fact]
    public void What_the_client_had_no_room_for_stays_due()
    {
        var announcing = new Announcing(Options, _time);
        announcing.Announce(RunState.Started);
        announcing.TryNext(out var state);
        announcing.Withdraw(state);
        announcing.TryNext(out _).ShouldBeTrue();
    }
}
