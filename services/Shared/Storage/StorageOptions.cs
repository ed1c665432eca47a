using System.ComponentModel.DataAnnotations;

namespace Tally.Storage;

/// <summary>How the writer waits for the database.</summary>
public sealed record StorageOptions
{
    /// <summary>
    /// Wait before the second attempt after a transient error; doubles from there. A deadlock or a restarted connection is over
    /// in less.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00", ErrorMessage = "expected a time between 1 ms and 1 minute")]
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between two attempts: how late, at most, the end of an outage is noticed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00", ErrorMessage = "expected a time between 1 ms and 10 minutes")]
    public TimeSpan LongestRetry { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest a health check waits for the database. A healthy one answers in milliseconds; Kubernetes asks again every ten seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00", ErrorMessage = "expected a time between 100 ms and 1 minute")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long the server may take to notice that this process is gone or frozen in the middle of a transaction, whose locks
    /// another instance waits for. Longer than any pause of a healthy process between two statements.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "expected a time between 1 second and 1 hour")]
    public TimeSpan IdleInTransaction { get; set; } = TimeSpan.FromSeconds(30);
}
