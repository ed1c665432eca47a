using System.Text;
using System.Text.Json;
using Tally.Contracts;
using Tally.Contracts.Payloads;

namespace Tally.Ingest.Receiving;

/// <summary>Reads announcements of runs, and takes only those that everybody who reads the store can work with.</summary>
internal static class AnnouncementReader
{
    /// <summary>Names of sources are words; this leaves room for a file's name.</summary>
    private const int SourceBytes = 256;

    /// <summary>Reads one announcement.</summary>
    /// <param name="run">The run that its topic names.</param>
    /// <param name="payload">JSON of <see cref="RunAnnouncement"/>.</param>
    /// <param name="announcement">The announcement; null when it cannot be stored.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public static string? Read(ReadOnlySpan<byte> run, ReadOnlySpan<byte> payload, out RunAnnouncement? announcement)
    {
        announcement = null;
        if (!Names.IsRun(run)) return "the run in the topic is not 1 to 64 of A-Z a-z 0-9 . _ - (and not the reserved 0)";
        try
        {
            var read = JsonSerializer.Deserialize(PayloadFormats.Trim(payload), ContractsJson.Default.RunAnnouncement);
            if (read is null) return "an announcement is a JSON object";
            var problem = Check(run, read);
            if (problem is null) announcement = read;
            return problem;
        }
        catch (JsonException error)
        {
            // The platform's reader has no other way to say so; announcements are few.
            return $"not an announcement: {error.Path ?? "$"} at line {(error.LineNumber ?? 0) + 1}, byte {(error.BytePositionInLine ?? 0) + 1}";
        }
    }

    private static string? Check(ReadOnlySpan<byte> run, RunAnnouncement read)
    {
        if (!run.SequenceEqual(Encoding.UTF8.GetBytes(read.Run ?? ""))) return "run differs from the one in the topic";
        if (read.State is not (RunState.Started or RunState.Finished)) return "state is neither started nor finished";
        return read.Problem()
            ?? CheckText("metric", read.Metric, Limits.NameBytes)
            ?? CheckText("unit", read.Unit, Limits.UnitBytes)
            ?? CheckText("source", read.Source, SourceBytes);
    }

    /// <param name="what">Its property.</param>
    /// <param name="text">The text; null where JSON said null, whatever its type promises.</param>
    /// <param name="limit">Bytes that it may have.</param>
    private static string? CheckText(string what, string? text, int limit)
    {
        if (text is null) return $"{what} is null";
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Names.Fits(utf8, limit) ? null : Names.Misfit(what, utf8, limit);
    }
}
