using System.Numerics;

namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// Counts durations in buckets that grow with their size, so that recording costs an increment and nothing is allocated.
/// </summary>
/// <remarks>
/// In microseconds: each power of two is cut into 32 buckets, so a quantile is at most 1/32 (3 %) above the true one; 60
/// powers of two reach beyond any run.
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private readonly long[] _buckets = new long[(64 - SubBits) << SubBits];
    private long _max;

    /// <summary>Durations recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest one.</summary>
    public TimeSpan Max => TimeSpan.FromMicroseconds(_max);

    /// <summary>Records one duration; a negative one (never from a monotonic clock) counts as zero.</summary>
    public void Record(TimeSpan duration)
    {
        var microseconds = Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond);
        _buckets[BucketOf(microseconds)]++;
        _max = Math.Max(_max, microseconds);
        Count++;
    }

    /// <summary>The duration that a share of all stays within; zero when there is none.</summary>
    /// <param name="share">0.5 for the median.</param>
    public TimeSpan Quantile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        var seen = 0L;
        for (var bucket = 0; bucket < _buckets.Length && rank > 0; bucket++)
        {
            seen += _buckets[bucket];
            if (seen >= rank) return TimeSpan.FromMicroseconds(Math.Min(UpperBoundOf(bucket), _max));
        }

        return TimeSpan.Zero;
    }

    private static int BucketOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value) - SubBits);
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static long UpperBoundOf(int bucket)
    {
        var shift = Math.Max(0, (bucket >> SubBits) - 1);
        return ((bucket - (shift << SubBits) + 1L) << shift) - 1;
    }
}
