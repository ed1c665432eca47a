using System.Runtime.InteropServices;

namespace Tally.Ingest.Announcing;

/// <summary>What an entry of a notice is about, in the order that a notice has.</summary>
internal enum NoticeEntryKind : byte
{
    /// <summary>An announcement: index into the batch's announcements.</summary>
    Announced,

    /// <summary>A reading that is stored: index into its readings.</summary>
    Stored,

    /// <summary>A reading that PostgreSQL refused: index into its readings.</summary>
    Refused,

    /// <summary>A message that was rejected: index into its rejections.</summary>
    Rejected,

    /// <summary>An answer to a message with Correlation Data: index into the replies.</summary>
    Reply,
}

/// <summary>
/// One thing to tell. Sorted, entries are in the order of the notices; those of one run, publisher and kind stay as they are
/// in the batch, which the writer leaves sorted by series and time.
/// </summary>
/// <param name="Run">Number of the run among those of the batch.</param>
/// <param name="Address">Number of the publisher's address; for a reply above all of them.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Index">Where it is.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NoticeEntry(int Run, int Address, NoticeEntryKind Kind, int Index) : IComparable<NoticeEntry>
{
    /// <inheritdoc/>
    public int CompareTo(NoticeEntry other) =>
        Run != other.Run ? Run.CompareTo(other.Run)
        : Address != other.Address ? Address.CompareTo(other.Address)
        : Kind != other.Kind ? Kind.CompareTo(other.Kind)
        : Index.CompareTo(other.Index);
}
