using System.Globalization;

namespace Tally.AppHost.Running;

/// <summary>How much room a run needs, looked at before it starts.</summary>
internal static class DiskSpace
{
    // A row of readings is 24 bytes of header, 44 of columns and 4 of line pointer, on pages that are full: 75 bytes. Its entry in the
    // primary key is 8 + 32 bytes on pages that are about two thirds full: 60 bytes. Dead rows, free space and logs: the rest.
    private const long BytesOfReading = 180;

    // The write-ahead log holds row and index entry once each; it is reused after max_wal_size (PostgresSettings).
    private const long LogBytesOfReading = 250;
    private const long MostLogBytes = 2_200_000_000;

    // An empty cluster with its database is 60 MB; programs' logs and the broker's queue (10,000 readings) are little.
    private const long Base = 150_000_000;

    /// <summary>Bytes that a run of so many readings needs at most.</summary>
    public static long Needed(long messages) => Base + messages * BytesOfReading + Math.Min(messages * LogBytesOfReading, MostLogBytes);

    /// <summary>Looks whether there is that much.</summary>
    /// <exception cref="EnvironmentException">There is not.</exception>
    public static void Check(string directory, long messages) => Check(directory, messages, new DriveInfo(directory).AvailableFreeSpace);

    /// <summary>The same for a disk with so many bytes free.</summary>
    internal static void Check(string directory, long messages, long free)
    {
        var needed = Needed(messages);
        if (free >= needed) return;
        var log = needed - Base - messages * BytesOfReading;
        throw new EnvironmentException(
            $"{Gigabytes(free)} GB are free in {directory}, and {messages} readings need {Gigabytes(needed)} GB ({BytesOfReading} bytes each with index, " +
            $"{Gigabytes(log)} GB of write-ahead log, {Gigabytes(Base)} GB for an empty database): free some, publish fewer (--messages N), " +
            "start with --reset, or choose another disk (--data DIR).");
    }

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.##", CultureInfo.InvariantCulture);
}
