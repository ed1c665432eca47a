namespace Tally.Contracts;

/// <summary>
/// What the store holds, in bytes of UTF-8. What is longer is rejected, not cut: two names that are cut could become one.
/// </summary>
public static class Limits
{
    /// <summary>Device and metric names, each. Two of them with the rest of a key stay well below PostgreSQL's 2,704 bytes of an index row.</summary>
    public const int NameBytes = 255;

    /// <summary>Run names.</summary>
    public const int RunBytes = 64;

    /// <summary>Units (SenML's longest registered one has 6).</summary>
    public const int UnitBytes = 32;

    /// <summary>The text kept beside a value that was found in it.</summary>
    public const int RawTextBytes = 4096;

    /// <summary>Earliest time a reading may have, in microseconds since 1970: the year 1 as PostgreSQL and .NET both hold it.</summary>
    public static readonly long EarliestAt = (DateTime.MinValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Latest time a reading may have, in microseconds since 1970: the end of the year 9999.</summary>
    public static readonly long LatestAt = (DateTime.MaxValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
