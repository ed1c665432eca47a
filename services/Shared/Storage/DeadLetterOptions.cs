using System.ComponentModel.DataAnnotations;

namespace Tally.Storage;

/// <summary>How long dead letters are kept, and how many; section <c>DeadLetters</c>. A ledger counts those that are there.</summary>
public sealed record DeadLetterOptions
{
    /// <summary>Since their last arrival.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "36500.00:00:00", ErrorMessage = "expected a time from 00:01:00 to 36500.00:00:00")]
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Bytes of payloads, topics and reasons, together. A device that sends nothing else must not fill the disk.</summary>
    [Range(1_000_000L, long.MaxValue, ErrorMessage = "expected 1000000 or more")]
    public long KeepBytes { get; set; } = 1L << 30;
}
