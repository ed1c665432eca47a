using System.ComponentModel.DataAnnotations;

namespace Tally.Storage;

/// <summary>Which days have a partition of their own, and how long readings are kept.</summary>
public sealed record PartitionOptions
{
    /// <summary>Days before today that get a partition: readings that were delayed by a night still find theirs.</summary>
    [Range(0, 366, ErrorMessage = "expected 0 to 366 days")]
    public int DaysBehind { get; set; } = 1;

    /// <summary>
    /// Days after today that get a partition: how long the timer may be down before readings go to the default partition.
    /// </summary>
    [Range(0, 366, ErrorMessage = "expected 0 to 366 days")]
    public int DaysAhead { get; set; } = 7;

    /// <summary>Days that readings are kept, counted back from today; null keeps all of them.</summary>
    [Range(1, 36_500, ErrorMessage = "expected 1 to 36500 days, or nothing to keep all readings")]
    public int? RetentionDays { get; set; }

    /// <summary>
    /// How long a change of the partitions may wait for the tables. While it waits, every later writer waits behind it: this is how long
    /// storing may stand still.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00", ErrorMessage = "expected a time between 10 ms and 1 minute")]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Attempts before a partition is left to the next run of the timer.</summary>
    [Range(1, 1000, ErrorMessage = "expected 1 to 1000 attempts")]
    public int Attempts { get; set; } = 10;

    /// <summary>Between two runs of the timer. Partitions are needed once a day; hourly leaves many chances.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "expected a time between 1 second and 1 day")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Until the timer runs again after the database did not answer. A minute is soon enough: readings that are stored meanwhile wait in the
    /// default partition, and are moved.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "expected a time between 1 second and 1 day")]
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(1);
}
