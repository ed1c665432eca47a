using System.ComponentModel.DataAnnotations;

namespace Tally.AckResponder;

/// <summary>Options of the service, section <c>AckResponder</c>. All are checked at start.</summary>
internal sealed record AckResponderOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "AckResponder";

    /// <summary>
    /// Name of this instance, the same in every life and used by one process at a time: its sessions at the broker hang on it. What follows it in
    /// their client identifiers is made of the broker's password, so that no device can guess them.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,64}$", ErrorMessage = "expected 1 to 64 of A-Z a-z 0-9 . _ -")]
    public string ClientId { get; set; } = "ackresponder";

    /// <summary>
    /// How long the broker keeps the session, and the notices that arrive for it, while this service is away. After an hour publishers have
    /// probed for so long that they ask again anyway.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00", ErrorMessage = "expected a time from 00:00:01 to 365.00:00:00")]
    public TimeSpan SessionExpiry { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Notices in progress before the socket is not read further. A notice that nobody listens for takes a second (see
    /// <see cref="RetryPauses"/>) and those behind it wait for their turn: at 75 notices a second (one for each batch of 20 ms, and some
    /// for foreign publishers) 75 are in progress then; 512 leave room for seven such seconds.
    /// </summary>
    [Range(1, 100_000, ErrorMessage = "expected 1 to 100000")]
    public int MaxNotices { get; set; } = 512;

    /// <summary>
    /// Bytes of notices in progress before the socket is not read further. A notice about a batch of a hundred devices has 7 kB, so that
    /// usually <see cref="MaxNotices"/> is reached first; the largest has 1 MB.
    /// </summary>
    [Range(1, 1 << 30, ErrorMessage = "expected 1 to 1073741824")]
    public int MaxNoticeBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Pauses before an acknowledgement that reached nobody is tried again: three more tries within a second. A publisher that
    /// connects again is back by then; one that has gone asks again when it returns.
    /// </summary>
    [MaxLength(10, ErrorMessage = "expected at most 10 pauses")]
    public IReadOnlyList<TimeSpan> RetryPauses { get; set; } =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(600)];

    /// <summary>Messages that the broker queues for a subscriber before it drops (<c>max_queued_messages</c> in services/Broker/tally.conf).</summary>
    [Range(1, long.MaxValue, ErrorMessage = "expected 1 or more")]
    public long BrokerQueueMessages { get; set; } = 2_000_000;

    /// <summary>The same in bytes of payload (<c>max_queued_bytes</c>).</summary>
    [Range(1, long.MaxValue, ErrorMessage = "expected 1 or more")]
    public long BrokerQueueBytes { get; set; } = 1 << 30;

    /// <summary>How long what the broker had to complain about stays on the health page.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00", ErrorMessage = "expected a time from 00:00:01 to 365.00:00:00")]
    public TimeSpan ShowSignsFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A notice in progress for longer than this makes the service not ready: its acknowledgements have no PUBACK, so the broker
    /// is stuck. Ten times what a notice that nobody listens for takes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "expected a time from 00:00:01 to 01:00:00")]
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromSeconds(10);
}
