using Tally.Contracts;

namespace Tally.Storage.Model;

/// <summary>
/// A run of a publisher, as far as its announcements told; table <c>runs</c>. The run of foreign readings is row 0, named <c>0</c>.
/// </summary>
public sealed class RunRow
{
    /// <summary>Key.</summary>
    public int Id { get; init; }

    /// <summary>Name. Unique.</summary>
    public required string Name { get; init; }

    /// <summary>How far it is.</summary>
    public RunState State { get; init; }

    /// <summary>Readings it means to publish; null until announced, as all that follows.</summary>
    public long? Expected { get; init; }

    /// <summary>Different readings it has published; said when it is finished.</summary>
    public long? Published { get; init; }

    /// <summary>Devices that take turns.</summary>
    public int? Devices { get; init; }

    /// <summary>The metric they measure.</summary>
    public string? Metric { get; init; }

    /// <summary>Unit of the values.</summary>
    public string? Unit { get; init; }

    /// <summary>QoS of its readings.</summary>
    public short? Qos { get; init; }

    /// <summary>Where the readings come from.</summary>
    public string? Source { get; init; }

    /// <summary>Seed of the values.</summary>
    public long? Seed { get; init; }

    /// <summary>Time of the first reading of every series.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Time between two readings of a series, in microseconds.</summary>
    public long? StepMicroseconds { get; init; }

    /// <summary>When the store first heard of it; the database's clock.</summary>
    public DateTimeOffset FirstSeen { get; init; }

    /// <summary>When the store heard that it is finished; the database's clock.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}
