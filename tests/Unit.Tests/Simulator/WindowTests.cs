using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Tally.SensorSimulator.Publishing;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class WindowTests
{
    private static readonly WindowOptions Options = new() { Size = 4 };
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Readings_are_sent_in_order_until_the_window_is_full()
    {
        var window = Make();

        SendAll(window).Select(sent => sent.Index).ShouldBe([0, 1, 2, 3]);
        window.Outstanding.ShouldBe(4);

        window.OnAcknowledged(2, stored: true).ShouldBeTrue();
        SendAll(window).Select(sent => sent.Index).ShouldBe([4]);
    }

    [Fact]
    public void A_run_is_complete_when_the_last_reading_is_acknowledged_stored_or_rejected()
    {
        var window = Make(expected: 3);
        SendAll(window);
        window.OnAcknowledged(0, stored: true);
        window.OnAcknowledged(2, stored: true);
        window.IsComplete.ShouldBeFalse();
        window.OnAcknowledged(1, stored: false);

        window.IsComplete.ShouldBeTrue();
        window.Stored.Count.ShouldBe(2);
        window.Rejected.Count.ShouldBe(1);
        window.Rejected.Contains(1).ShouldBeTrue();
        window.Latency.Count.ShouldBe(3);
    }

    [Fact]
    public void An_acknowledgement_counts_once_and_never_for_what_was_not_sent()
    {
        var window = Make();
        SendAll(window);

        window.OnAcknowledged(1, stored: true).ShouldBeTrue();
        window.OnAcknowledged(1, stored: true).ShouldBeFalse();
        window.OnAcknowledged(4, stored: true).ShouldBeFalse();
        window.OnAcknowledged(-1, stored: true).ShouldBeFalse();
        window.OnAcknowledged(long.MaxValue, stored: true).ShouldBeFalse();
        window.Acknowledged.ShouldBe(1);
    }

    [Fact]
    public void A_reading_acknowledged_as_stored_and_as_rejected_is_in_both_sets()
    {
        var window = Make();
        SendAll(window);
        window.OnAcknowledged(0, stored: true);
        window.OnAcknowledged(0, stored: false).ShouldBeTrue();

        window.Stored.CountCommon(window.Rejected).ShouldBe(1);
        window.Acknowledged.ShouldBe(1);
        window.Outstanding.ShouldBe(3);
    }

    [Fact]
    public void What_the_client_had_no_room_for_is_sent_later_and_was_never_published()
    {
        var window = Make();
        window.TryNext(allowNew: true, out var first).ShouldBeTrue();
        window.TryNext(allowNew: true, out var second).ShouldBeTrue();
        window.Withdraw(second);
        window.Published.ShouldBe(1);
        window.Outstanding.ShouldBe(1);

        window.TryNext(allowNew: true, out var again).ShouldBeTrue();
        again.Index.ShouldBe(1);
        again.Kind.ShouldBe(PublicationKind.First);
        again.Token.ShouldNotBe(first.Token);
    }

    [Fact]
    public void Nothing_new_is_sent_before_its_time()
    {
        var window = Make();
        window.TryNext(allowNew: false, out _).ShouldBeFalse();
        window.OnSessionLost();
        window.TryNext(allowNew: false, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_session_that_is_lost_has_everything_open_sent_again_once_and_in_order()
    {
        var window = Make(expected: 6);
        SendAll(window);
        window.OnAcknowledged(1, stored: true);
        window.OnSessionLost();

        var again = SendAll(window);
        again.Select(sent => (sent.Index, sent.Kind)).ShouldBe(
            [(0, PublicationKind.Again), (2, PublicationKind.Again), (3, PublicationKind.Again), (4, PublicationKind.First)]);
        window.Resent.ShouldBe(3);
        again.Select(sent => sent.Position).ShouldBeInOrder();
    }

    [Fact]
    public void A_resumed_session_causes_no_copy()
    {
        // The client repeats what has no PUBACK; the window keeps still until there is evidence, or silence.
        var window = Make();
        SendAll(window);
        _time.Advance(TimeSpan.FromSeconds(9));
        window.Tick();
        SendAll(window).ShouldBeEmpty();
        window.Resent.ShouldBe(0);
    }

    [Fact]
    public void A_late_acknowledgement_of_a_lost_reading_saves_its_copy()
    {
        var window = Make();
        SendAll(window);
        window.OnSessionLost();
        window.OnAcknowledged(0, stored: true);

        SendAll(window).Select(sent => sent.Index).ShouldBe([1, 2, 3, 4]);
        window.Resent.ShouldBe(3);
    }

    [Fact]
    public void A_copy_that_the_client_had_no_room_for_keeps_its_turn()
    {
        var window = Make();
        SendAll(window);
        window.OnSessionLost();
        window.TryNext(allowNew: true, out var again).ShouldBeTrue();
        window.Withdraw(again);
        window.Resent.ShouldBe(0);

        SendAll(window).Select(sent => sent.Index).ShouldBe([0, 1, 2, 3]);
    }

    [Fact]
    public void A_sending_that_reached_nobody_is_sent_again_after_a_pause_and_alone()
    {
        var window = Make();
        var sent = SendAll(window);
        foreach (var publication in sent) window.OnRefused(publication.Token);
        SendAll(window).ShouldBeEmpty();

        _time.Advance(Options.RefusedPause);
        var feeler = SendAll(window).ShouldHaveSingleItem();
        feeler.Index.ShouldBe(0);

        // Nobody yet: the pause doubles.
        window.OnRefused(feeler.Token);
        _time.Advance(Options.RefusedPause);
        SendAll(window).ShouldBeEmpty();
        _time.Advance(Options.RefusedPause);
        SendAll(window).ShouldHaveSingleItem().Index.ShouldBe(1);

        // Somebody: all of it.
        window.OnAccepted();
        SendAll(window).Select(again => again.Index).ShouldBe([2, 3, 0]);
    }

    [Fact]
    public void The_pause_before_a_feeler_stops_growing()
    {
        var window = Make(expected: 1);
        window.OnRefused(SendAll(window).ShouldHaveSingleItem().Token);
        for (var i = 0; i < 8; i++)
        {
            _time.Advance(Options.MaxRefusedPause);
            window.OnRefused(SendAll(window).ShouldHaveSingleItem().Token);
        }
    }

    [Fact]
    public void A_feeler_whose_session_was_lost_is_followed_by_another()
    {
        var window = Make();
        foreach (var publication in SendAll(window)) window.OnRefused(publication.Token);
        _time.Advance(Options.RefusedPause);
        SendAll(window).Count.ShouldBe(1);
        window.OnSessionLost();

        SendAll(window).Count.ShouldBe(1);
    }

    [Fact]
    public void A_refusal_of_an_earlier_sending_says_nothing_about_a_later_one()
    {
        var window = Make(expected: 1);
        var first = SendAll(window).ShouldHaveSingleItem();
        window.OnSessionLost();
        SendAll(window).Count.ShouldBe(1);

        window.OnRefused(first.Token);
        window.OnAccepted();
        SendAll(window).ShouldBeEmpty();
    }

    [Fact]
    public void A_reading_that_was_overtaken_for_long_enough_is_sent_again()
    {
        var window = Make();
        SendAll(window);
        window.OnAcknowledged(2, stored: true);
        window.OnAcknowledged(3, stored: true);

        // Not at once: two instances of Ingest may be unequally quick.
        AdvanceWithProgress(window, Options.OvertakenAfter / 2);
        SendAll(window).ShouldAllBe(sent => sent.Kind == PublicationKind.First);

        AdvanceWithProgress(window, Options.OvertakenAfter);
        AdvanceWithProgress(window, Options.OvertakenAfter);
        SendAll(window).Where(sent => sent.Kind == PublicationKind.Again).Select(sent => sent.Index).ShouldBe([0, 1]);
    }

    [Fact]
    public void What_was_sent_after_the_last_acknowledged_reading_is_not_overtaken()
    {
        var window = Make();
        SendAll(window);
        window.OnAcknowledged(0, stored: true);
        AdvanceWithProgress(window, Options.OvertakenAfter, readings: false);
        AdvanceWithProgress(window, Options.OvertakenAfter, readings: false);
        AdvanceWithProgress(window, Options.OvertakenAfter, readings: false);

        SendAll(window).ShouldNotContain(sent => sent.Kind == PublicationKind.Again);
    }

    [Fact]
    public void Silence_is_answered_with_a_probe_of_the_oldest_reading_that_comes_ever_more_rarely()
    {
        var window = Make();
        SendAll(window);
        var probes = new List<int>();
        for (var second = 1; second <= 300; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            window.Tick();
            foreach (var sent in SendAll(window))
            {
                sent.ShouldBe(sent with { Index = 0, Kind = PublicationKind.Probe });
                probes.Add(second);
            }
        }

        // T = 10 s doubles to 60 s: a minute without a database costs two copies.
        probes.ShouldBe([10, 30, 70, 130, 190, 250]);
        window.Probes.ShouldBe(6);
        window.Resent.ShouldBe(6);
        window.Outstanding.ShouldBe(4 + 6);
    }

    [Fact]
    public void Copies_count_against_the_window()
    {
        var window = Make();
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        SendAll(window).Count.ShouldBe(1);

        window.OnAcknowledged(3, stored: true);
        SendAll(window).ShouldBeEmpty(); // three readings and the probe
        window.OnAcknowledged(0, stored: true);
        SendAll(window).Count.ShouldBe(2); // the reading and its probe are gone
    }

    [Fact]
    public void A_probe_that_comes_back_shows_that_what_was_sent_before_it_is_lost()
    {
        var window = Make();
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        var probe = SendAll(window).ShouldHaveSingleItem();
        window.OnAcknowledged(probe.Index, stored: true);
        window.OnProbeReturned(probe.Position);

        SendAll(window).Select(sent => (sent.Index, sent.Kind)).ShouldBe(
            [(1, PublicationKind.Again), (2, PublicationKind.Again), (3, PublicationKind.Again), (4, PublicationKind.First)]);
    }

    [Fact]
    public void A_first_sending_that_comes_back_late_shows_nothing_about_the_others()
    {
        // The database was away for longer than T: what was probed is acknowledged by its first sending, and the others follow.
        var window = Make();
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        SendAll(window).ShouldHaveSingleItem().Kind.ShouldBe(PublicationKind.Probe);
        for (var index = 0; index < 4; index++) window.OnAcknowledged(index, stored: true);

        SendAll(window).ShouldAllBe(sent => sent.Kind == PublicationKind.First);
        window.Resent.ShouldBe(1);
    }

    [Fact]
    public void What_was_sent_after_a_probe_is_not_lost_with_its_return()
    {
        var window = Make(expected: 6);
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        var probe = SendAll(window).ShouldHaveSingleItem();
        window.OnAcknowledged(0, stored: true);
        window.OnAcknowledged(1, stored: true);
        SendAll(window).Select(sent => sent.Index).ShouldBe([4, 5]);
        window.OnProbeReturned(probe.Position);

        SendAll(window).Select(sent => sent.Index).ShouldBe([2, 3]);
    }

    [Fact]
    public void An_answer_to_a_probe_that_was_never_sent_is_passed_over()
    {
        var window = Make();
        SendAll(window);
        window.OnProbeReturned(long.MaxValue);
        SendAll(window).ShouldBeEmpty();
    }

    [Fact]
    public void Progress_makes_the_next_probe_wait_for_the_whole_time_again()
    {
        var window = Make();
        SendAll(window);
        _time.Advance(TimeSpan.FromSeconds(9));
        window.OnAcknowledged(1, stored: true);
        SendAll(window);
        _time.Advance(TimeSpan.FromSeconds(9));
        SendAll(window).ShouldBeEmpty();
        _time.Advance(TimeSpan.FromSeconds(1));
        SendAll(window).ShouldHaveSingleItem().Kind.ShouldBe(PublicationKind.Probe);
    }

    [Fact]
    public void A_probe_that_the_client_had_no_room_for_stays_due()
    {
        var window = Make();
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        window.TryNext(allowNew: true, out var probe).ShouldBeTrue();
        window.Withdraw(probe);
        window.Probes.ShouldBe(0);
        window.Outstanding.ShouldBe(4);

        window.TryNext(allowNew: true, out var again).ShouldBeTrue();
        again.Kind.ShouldBe(PublicationKind.Probe);
    }

    [Fact]
    public void A_probe_that_reached_nobody_shows_that_its_reading_is_lost_too()
    {
        var window = Make(expected: 1);
        SendAll(window);
        _time.Advance(Options.ProbeAfter);
        window.OnRefused(SendAll(window).ShouldHaveSingleItem().Token);
        _time.Advance(Options.RefusedPause);

        SendAll(window).ShouldHaveSingleItem().Kind.ShouldBe(PublicationKind.Again);
        window.Outstanding.ShouldBe(1);
    }

    [Fact]
    public void Nothing_is_allocated_for_each_reading()
    {
        var window = new Window(200_000, new WindowOptions { Size = 1_000 }, _time);
        var withdrawn = -1L;
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (!window.IsComplete)
        {
            while (window.TryNext(allowNew: true, out var sent))
            {
                if (sent.Index % 100 != 0 || sent.Index == withdrawn) continue;
                window.Withdraw(sent);
                withdrawn = sent.Index;
            }

            for (var index = window.Acknowledged; index < window.Published; index++) window.OnAcknowledged(index, stored: true);
            window.Tick();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private Window Make(long expected = 100) => new(expected, Options, _time);

    private static List<Publication> SendAll(Window window)
    {
        var sent = new List<Publication>();
        while (window.TryNext(allowNew: true, out var next)) sent.Add(next);
        return sent;
    }

    /// <summary>Time passes while the run goes on, so that no probe is due.</summary>
    private void AdvanceWithProgress(Window window, TimeSpan by, bool readings = true)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += TimeSpan.FromSeconds(1))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            window.Tick();
            if (!readings) continue;
            foreach (var sent in SendAllNew(window)) window.OnAcknowledged(sent.Index, stored: true);
        }
    }

    private static IEnumerable<Publication> SendAllNew(Window window)
    {
        if (window.Outstanding < Options.Size && window.TryNext(allowNew: true, out var next))
        {
            if (next.Kind == PublicationKind.First) yield return next;
            else window.Withdraw(next);
        }
    }
}
