using Shouldly;
using Tally.SensorSimulator.Publishing;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class SetsAndHistogramTests
{
    [Fact]
    public void A_set_of_indexes_counts_each_once()
    {
        var set = new IndexSet(130);
        foreach (var index in (long[])[0, 63, 64, 129, 63]) set.Add(index);
        set.Count.ShouldBe(4);
        set.Contains(129).ShouldBeTrue();
        set.Contains(128).ShouldBeFalse();
    }

    [Fact]
    public void Two_sets_know_what_they_share()
    {
        var (evens, threes) = (new IndexSet(1_000), new IndexSet(1_000));
        for (var i = 0; i < 1_000; i += 2) evens.Add(i);
        for (var i = 0; i < 1_000; i += 3) threes.Add(i);
        evens.CountCommon(threes).ShouldBe(167);
    }

    [Fact]
    public void A_quantile_is_at_most_a_thirtysecond_above_the_true_one()
    {
        var random = new Random(7);
        var histogram = new LatencyHistogram();
        var durations = new List<long>();
        for (var i = 0; i < 20_000; i++)
        {
            var microseconds = (long)Math.Exp(random.NextDouble() * 25);
            durations.Add(microseconds);
            histogram.Record(TimeSpan.FromMicroseconds(microseconds));
        }

        durations.Sort();
        foreach (var share in (double[])[0.01, 0.5, 0.95, 0.99, 1])
        {
            var exact = durations[(int)Math.Ceiling(share * durations.Count) - 1];
            var estimate = histogram.Quantile(share).TotalMicroseconds;
            estimate.ShouldBeGreaterThanOrEqualTo(exact);
            estimate.ShouldBeLessThanOrEqualTo(exact * 33.0 / 32 + 1);
        }

        histogram.Max.TotalMicroseconds.ShouldBe(durations[^1]);
    }

    [Fact]
    public void A_histogram_takes_nothing_and_everything()
    {
        var histogram = new LatencyHistogram();
        histogram.Quantile(0.5).ShouldBe(TimeSpan.Zero);
        histogram.Record(TimeSpan.Zero);
        histogram.Record(TimeSpan.FromTicks(-1));
        histogram.Record(TimeSpan.MaxValue);
        histogram.Quantile(0.5).ShouldBe(TimeSpan.Zero);
        histogram.Quantile(1).TotalDays.ShouldBe(TimeSpan.MaxValue.TotalDays, 1);
    }

    [Fact]
    public void Open_readings_agree_with_a_model()
    {
        var random = new Random(11);
        var open = new OpenReadings(16);
        List<long> sent = [], lost = [];
        for (var step = 0L; step < 20_000; step++)
        {
            var all = sent.Concat(lost).ToList();
            switch (random.Next(5))
            {
                case 0 when all.Count < 16:
                    var index = random.NextInt64(1L << 40);
                    if (all.Contains(index)) break;
                    open.Add(index, step, 0);
                    sent.Add(index);
                    break;
                case 1 when all.Count > 0:
                    var removed = all[random.Next(all.Count)];
                    open.Remove(open.Find(removed));
                    sent.Remove(removed);
                    lost.Remove(removed);
                    break;
                case 2 when sent.Count > 0:
                    var gone = sent[random.Next(sent.Count)];
                    open.Lose(open.Find(gone));
                    sent.Remove(gone);
                    lost.Add(gone);
                    break;
                case 3 when lost.Count > 0:
                    open.Resend(open.Lost.First, step);
                    sent.Add(lost[0]);
                    lost.RemoveAt(0);
                    break;
                case 4 when sent.Count > 0:
                    open.PutBack(open.Sent.Last);
                    lost.Insert(0, sent[^1]);
                    sent.RemoveAt(sent.Count - 1);
                    break;
                default:
                    break;
            }

            Walk(open, open.Sent).ShouldBe(sent);
            Walk(open, open.Lost).ShouldBe(lost);
            open.Count.ShouldBe(sent.Count + lost.Count);
            open.Find(-5).ShouldBe(OpenReadings.None);
        }
    }

    private static List<long> Walk(OpenReadings open, OpenReadings.SlotList list)
    {
        var indexes = new List<long>();
        for (var slot = list.First; slot != OpenReadings.None; slot = open[slot].Next)
        {
            indexes.Add(open[slot].Index);
            open.Find(open[slot].Index).ShouldBe(slot);
            if (open[slot].Next == OpenReadings.None) slot.ShouldBe(list.Last);
        }

        return indexes;
    }
}
