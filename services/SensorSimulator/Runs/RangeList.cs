using Tally.Contracts;

namespace Tally.SensorSimulator.Runs;

/// <summary>Readings of one device that follow each other, both ends included.</summary>
internal sealed record SeqRange(string Device, string Metric, long From, long To);

/// <summary>Some of a run's readings, listed as ranges per device.</summary>
/// <param name="Ranges">The first of them.</param>
/// <param name="Total">Readings in all, listed or not.</param>
internal sealed record RangeList(IReadOnlyList<(int Device, long From, long To)> Ranges, long Total)
{
    /// <summary>Lists the published readings for which a condition holds.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="published">The first that many of it are looked at.</param>
    /// <param name="belongs">Whether the reading with that index belongs to the list.</param>
    /// <param name="limit">Ranges listed at most.</param>
    public static RangeList Of(RunPlan plan, long published, Func<long, bool> belongs, int limit)
    {
        var ranges = new List<(int Device, long From, long To)>();
        var total = 0L;
        for (var device = 0; device < plan.Devices; device++)
        {
            var count = plan.CountOf(device, published);
            var from = 0L;
            for (var seq = 1L; seq <= count + 1; seq++)
            {
                var inside = seq <= count && belongs(plan.IndexOf(device, seq));
                if (inside)
                {
                    total++;
                    if (from == 0) from = seq;
                }
                else if (from != 0)
                {
                    if (ranges.Count < limit) ranges.Add((device, from, seq - 1));
                    from = 0;
                }
            }
        }

        return new RangeList(ranges, total);
    }

    /// <summary>For a person: <c>sensor-0001 5-9, sensor-0003 7 and 12 more readings</c>.</summary>
    public string Describe()
    {
        var listed = string.Join(", ", Ranges.Select(range => Describe(RunPlan.DeviceName(range.Device), range.From, range.To)));
        var rest = Total - Ranges.Sum(range => range.To - range.From + 1);
        return rest > 0 ? $"{listed} and {rest:N0} more readings" : listed;
    }

    /// <summary>One range for a person.</summary>
    public static string Describe(string device, long from, long to) => from == to ? $"{device} {from}" : $"{device} {from}-{to}";
}
