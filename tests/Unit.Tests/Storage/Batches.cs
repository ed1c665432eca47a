using System.Globalization;
using System.Text;
using Tally.Storage;

namespace Tally.Unit.Tests.Storage;

/// <summary>Batches for the tests of the store.</summary>
internal static class Batches
{
    /// <summary>Readings in random order, some of them twice, of series and runs that have keys.</summary>
    public static ReadingBatch Random(Random random, int count)
    {
        var catalog = new Catalog();
        var batch = new ReadingBatch(count);
        for (var i = 0; i < count; i++)
        {
            var series = catalog.GetSeries(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"d{random.Next(7)}")), "m"u8, ""u8);
            var run = catalog.GetRun(random.Next(2) == 0 ? "r1"u8 : "r2"u8);
            series.Id = series.Device.Span[1] - '0' + 1;
            run.Id = run.Name.Span[1] - '0';
            batch.Add(new Reading
            {
                Series = series,
                Run = run,
                Seq = random.Next(20),
                At = random.Next(5),
                Value = i,
                RawText = random.Next(3) == 0 ? new string('ü', random.Next(50)) : null,
                Message = batch.AddMessage("t"u8, BitConverter.GetBytes(i)),
            });
        }

        return batch;
    }

    /// <summary>What a batch looks like from a running simulator: readings that go round a hundred devices.</summary>
    public static ReadingBatch RoundRobin(Catalog catalog, int count)
    {
        var batch = new ReadingBatch(count);
        for (var i = 0; i < count; i++)
        {
            var device = string.Create(CultureInfo.InvariantCulture, $"sensor-{i % 100:D4}");
            var series = catalog.GetSeries(Encoding.UTF8.GetBytes(device), "temperature"u8, "Cel"u8);
            var run = catalog.GetRun("r1"u8);
            (series.Id, run.Id) = (100 - i % 100, 1);
            batch.Add(new Reading { Series = series, Run = run, Seq = i / 100 + 1, At = i / 100 * 1_000_000L, Value = 20 });
        }

        return batch;
    }
}
