using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Storage;

public sealed class RowOrderTests
{
    [Fact]
    public void Readings_end_in_the_order_of_the_primary_key_and_of_arrival()
    {
        var random = new Random(20261120);
        var order = new RowOrder();
        for (var round = 0; round < 200; round++)
        {
            var batch = Batches.Random(random, random.Next(300));
            var expected = batch.Readings.ToArray() // Value is the number of arrival
                .OrderBy(reading => (reading.Series.Id, reading.At, reading.Run.Id, reading.Seq, reading.Value));

            order.Sort(batch);

            batch.Readings.ToArray().ShouldBe(expected);
        }
    }

    [Fact]
    public void Each_identity_and_time_is_written_once_and_everything_is_counted()
    {
        var random = new Random(1);
        var order = new RowOrder();
        var counts = new RunCounts();
        for (var round = 0; round < 100; round++)
        {
            var batch = Batches.Random(random, 200);
            foreach (ref var reading in batch.Readings)
            {
                if (random.Next(20) == 0) reading.Refused = "no";
            }

            counts.Clear();
            order.Sort(batch);
            order.Choose(batch, counts);

            var readings = batch.Readings.ToArray();
            var rows = Enumerable.Range(0, order.Count).Select(row => readings[order[row]]).ToList();
            var firsts = readings.Where(reading => reading.Refused is null)
                .GroupBy(reading => (reading.Series, reading.At, reading.Run, reading.Seq))
                .Select(group => group.MinBy(reading => reading.Value));
            rows.ShouldBe(firsts, ignoreOrder: true);
            order.Refused.ShouldBe(readings.Count(reading => reading.Refused is not null));
            foreach (var run in counts.Runs())
            {
                var of = counts.Of(run);
                of.Stored.ShouldBe(rows.Count(row => row.Run.Id == run));
                (of.Stored + of.Duplicates + of.Rejected).ShouldBe(readings.Count(reading => reading.Run.Id == run));
            }
        }
    }

    [Fact]
    public void A_refused_reading_does_not_hide_its_duplicate()
    {
        var batch = Batches.RoundRobin(new Catalog(), 1);
        var again = batch.Readings[0];
        batch.Readings[0].Refused = "no";
        batch.Add(again);
        var order = new RowOrder();
        order.Sort(batch);
        order.Choose(batch, new RunCounts());
        (order.Count, order.Refused).ShouldBe((1, 1));
    }

    [Fact]
    public void Sorting_choosing_and_encoding_a_warm_batch_allocates_nothing()
    {
        var catalog = new Catalog();
        var batches = Enumerable.Range(0, 5).Select(_ => Batches.RoundRobin(catalog, 2000)).ToArray();
        var (order, counts, encoder) = (new RowOrder(), new RunCounts(), new RowEncoder());
        for (var i = 0; i < 3; i++) Prepare(batches[i]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 3; i < 5; i++) Prepare(batches[i]);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Prepare(ReadingBatch batch)
        {
            counts.Clear();
            order.Sort(batch);
            order.Choose(batch, counts);
            encoder.Begin();
            for (var row = 0; row < order.Count; row++)
            {
                if (encoder.TryAppend(batch.Readings[order[row]])) continue;
                encoder.Clear();
                row--;
            }

            encoder.TryEnd();
        }
    }
}
