namespace Tally.Benchmarks.Tracing;

/// <summary>What is written as JSON. Times are medians of the slices, in microseconds of processor time for each message.</summary>
/// <param name="Slice">Messages in a slice.</param>
/// <param name="Every">One of so many readings is sampled.</param>
/// <param name="Rate">Messages a second; 0: as fast as they are acknowledged.</param>
/// <param name="Pairs">Pairs of slices.</param>
/// <param name="Without">All services, nothing exported.</param>
/// <param name="With">All services, everything exported.</param>
/// <param name="Ratio">Median of the pairs' ratios.</param>
/// <param name="RatioLow">Below it the median lies with less than 2.5 %.</param>
/// <param name="RatioHigh">Above it the median lies with less than 2.5 %.</param>
/// <param name="RatioMin">Smallest ratio of a pair.</param>
/// <param name="RatioMax">Largest ratio of a pair.</param>
/// <param name="Processes">Each process, broker and database included.</param>
internal sealed record TracingFigures(
    int Slice,
    int Every,
    int Rate,
    int Pairs,
    double Without,
    double With,
    double Ratio,
    double RatioLow,
    double RatioHigh,
    double RatioMin,
    double RatioMax,
    IReadOnlyList<ProcessFigures> Processes)
{
    private const double Tail = 0.025;

    /// <summary>Reckons them.</summary>
    /// <param name="slice">Messages in a slice.</param>
    /// <param name="every">One of so many readings is sampled.</param>
    /// <param name="rate">Messages a second; 0: as fast as they are acknowledged.</param>
    /// <param name="without">Slices without export, each the time of each process.</param>
    /// <param name="with">Those with export, in the same order.</param>
    /// <param name="total">Adds up those that count.</param>
    public static TracingFigures Of(
        int slice,
        int every,
        int rate,
        IReadOnlyList<IReadOnlyDictionary<string, double>> without,
        IReadOnlyList<IReadOnlyDictionary<string, double>> with,
        Func<IReadOnlyDictionary<string, double>, double> total)
    {
        var ratios = without.Zip(with, (off, on) => total(on) / total(off)).Order().ToArray();
        var outside = OutsideOf(ratios.Length);
        return new TracingFigures(
            slice,
            every,
            rate,
            ratios.Length,
            Round(Median(without.Select(total))),
            Round(Median(with.Select(total))),
            Round(Median(ratios)),
            Round(ratios[outside]),
            Round(ratios[^(outside + 1)]),
            Round(ratios[0]),
            Round(ratios[^1]),
            [.. without[0].Keys.Select(name => new ProcessFigures(name, Round(Median(without.Select(one => one[name]))), Round(Median(with.Select(one => one[name])))))]);
    }

    /// <summary>
    /// How many values at each end lie outside the interval that holds the median with 95 %: each value is above it or below it like the fall of
    /// a coin, whatever their distribution is. 5 of 20; none of fewer than 6, where the interval is less sure.
    /// </summary>
    internal static int OutsideOf(int count)
    {
        var (outside, below, probability) = (0, 0.0, Math.Pow(0.5, count));
        for (var falls = 0; falls < count / 2; falls++)
        {
            below += probability;
            if (below > Tail) break;
            outside = falls;
            probability *= (count - falls) / (falls + 1.0);
        }

        return outside;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double Round(double value) => Math.Round(value, 4);
}

/// <summary>One process.</summary>
internal sealed record ProcessFigures(string Name, double Without, double With);
