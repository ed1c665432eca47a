using System.Text;
using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Storage;

public sealed class CatalogTests
{
    [Fact]
    public void One_name_is_one_object()
    {
        var catalog = new Catalog();
        var series = catalog.GetSeries("d1"u8, "m1"u8, "Cel"u8);
        catalog.GetSeries("d1"u8, "m1"u8, "Cel"u8).ShouldBeSameAs(series);
        catalog.GetSeries("d1"u8, "m1"u8, "K"u8).ShouldNotBeSameAs(series, "its unit is another one");
        series.Unit.ToArray().ShouldBe("Cel"u8.ToArray());
        var run = catalog.GetRun("r1"u8);
        catalog.GetRun("r2"u8).ShouldNotBeSameAs(run);
        catalog.GetRun("r1"u8).ShouldBeSameAs(run);
        (series.Id, run.Id).ShouldBe((0, -1));
    }

    [Fact]
    public void Where_device_ends_and_metric_begins_tells_series_apart()
    {
        var catalog = new Catalog();
        var one = catalog.GetSeries("ab"u8, "c"u8, ""u8);
        catalog.GetSeries("a"u8, "bc"u8, ""u8).ShouldNotBeSameAs(one);
        catalog.GetSeries(""u8, "abc"u8, ""u8).ShouldNotBeSameAs(one);
    }

    [Fact]
    public void The_run_named_0_is_the_foreign_one()
    {
        var catalog = new Catalog();
        catalog.GetRun("0"u8).ShouldBeSameAs(catalog.Foreign);
        catalog.Foreign.Id.ShouldBe(0);
    }

    [Fact]
    public void A_known_name_allocates_nothing()
    {
        var catalog = new Catalog();
        for (var i = 0; i < 3; i++) Look(catalog); // the first time makes them, the second warms the code

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Look(catalog);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        static void Look(Catalog catalog)
        {
            catalog.GetSeries("sensor-0001"u8, "temperature"u8, "Cel"u8);
            catalog.GetSeries("sensor-0002"u8, "temperature"u8, "Cel"u8);
            catalog.GetRun("r1"u8);
            catalog.GetRun("r2"u8);
        }
    }

    [Fact]
    public void It_stays_within_its_capacity_and_keeps_what_is_in_use()
    {
        var catalog = new Catalog(capacity: 100);
        var (series, run) = (catalog.GetSeries("kept"u8, "m"u8, ""u8), catalog.GetRun("kept"u8));
        for (var i = 0; i < 10_000; i++)
        {
            catalog.GetSeries(Encoding.UTF8.GetBytes($"passing-{i}"), "m"u8, ""u8);
            catalog.GetRun(Encoding.UTF8.GetBytes($"passing-{i}"));
            catalog.SeriesCount.ShouldBeLessThanOrEqualTo(100);
            catalog.RunCount.ShouldBeLessThanOrEqualTo(100);
            catalog.GetSeries("kept"u8, "m"u8, ""u8).ShouldBeSameAs(series);
            catalog.GetRun("kept"u8).ShouldBeSameAs(run);
        }
    }

    [Fact]
    public void It_stays_within_its_capacity_when_everything_is_in_use()
    {
        var catalog = new Catalog(capacity: 100);
        for (var i = 0; i < 1000; i++)
        {
            for (var again = 0; again < 2; again++)
            {
                catalog.GetSeries(Encoding.UTF8.GetBytes($"d{i}"), "m"u8, ""u8);
                catalog.GetRun(Encoding.UTF8.GetBytes($"r{i}"));
                catalog.GetRun(Encoding.UTF8.GetBytes("other"));
            }

            catalog.SeriesCount.ShouldBeLessThanOrEqualTo(100);
            catalog.RunCount.ShouldBeLessThanOrEqualTo(100);
        }
    }

    [Fact]
    public async Task Many_threads_get_the_same_object()
    {
        var catalog = new Catalog();
        var names = Enumerable.Range(0, 500).Select(i => Encoding.UTF8.GetBytes($"d{i}")).ToArray();
        var seen = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => names.Select(name => (catalog.GetSeries(name, "m"u8, ""u8), catalog.GetRun(name))).ToArray(), TestContext.Current.CancellationToken)));
        seen.ShouldAllBe(one => one.SequenceEqual(seen[0]));
    }
}
