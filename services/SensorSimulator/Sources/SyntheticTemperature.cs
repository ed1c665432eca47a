namespace Tally.SensorSimulator.Sources;

/// <summary>
/// Outdoor temperatures: a daily curve that is coldest at four in the morning, each device somewhat warmer or colder than the
/// others, and noise. A pure function of seed and identity, so a reading sent again is the same to the byte.
/// </summary>
internal sealed class SyntheticTemperature(long seed) : IReadingSource
{
    private const int MinutesOfDay = 24 * 60;
    private const double Mean = 12.0;
    private const double Swing = 6.0;
    private const double DeviceSpread = 3.0;
    private const double Noise = 0.4;

    /// <summary>One value a minute: a sine per reading would cost more than everything else about its value.</summary>
    private static readonly double[] DailyCurve = MakeDailyCurve();

    /// <inheritdoc/>
    public string Name => "synthetic";

    /// <inheritdoc/>
    public string Metric => "temperature";

    /// <inheritdoc/>
    public string Unit => "Cel";

    /// <inheritdoc/>
    public double ValueOf(int device, long seq, DateTime at)
    {
        var curve = DailyCurve[(int)(at.TimeOfDay.Ticks / TimeSpan.TicksPerMinute)];
        var offset = DeviceSpread * Uniform(device, 0);
        // Two decimals, as such sensors print it.
        return Math.Round(curve + offset + Noise * Uniform(device, seq), 2);
    }

    /// <summary>A number from -1 to 1 that looks random.</summary>
    private double Uniform(int device, long seq)
    {
        var bits = Mix((ulong)seed + Mix(((ulong)(uint)device << 40) ^ (ulong)seq));
        return (bits >> 11) * (2.0 / (1UL << 53)) - 1.0;
    }

    /// <summary>SplitMix64's finalizer: every bit of the input reaches every bit of the output.</summary>
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static double[] MakeDailyCurve()
    {
        var curve = new double[MinutesOfDay];
        for (var minute = 0; minute < MinutesOfDay; minute++)
        {
            curve[minute] = Mean - Swing * Math.Cos(2 * Math.PI * (minute - 4 * 60) / MinutesOfDay);
        }

        return curve;
    }
}
