using System.Security.Cryptography;
using Npgsql;
using Tally.Contracts;

namespace Tally.Storage;

/// <summary>Keeps messages that could not be stored as readings. One that comes again only counts up.</summary>
internal static class DeadLetterCommand
{
    /// <summary>Letters in one round trip to the server. A flood of them costs little then, and memory stays small.</summary>
    private const int Together = 100;

    /// <summary>Longest reason kept; PostgreSQL's messages quote what they refuse.</summary>
    private const int ReasonBytes = 1000;

    private const string Insert =
        """
        INSERT INTO dead_letters AS known (topic, payload, message_hash, reason, run_id, device, metric, seq, source)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (run_id, device, metric, seq, message_hash) DO UPDATE
        SET count = known.count + 1, last_seen = clock_timestamp(), reason = excluded.reason, source = excluded.source, replayed_at = NULL
        """;

    /// <param name="connection">Connection with the batch's transaction.</param>
    /// <param name="batch">The batch: its letters, and its readings that were refused.</param>
    /// <param name="cancellationToken">Ends it; the transaction is not to be committed then.</param>
    public static async Task ExecuteAsync(NpgsqlConnection connection, ReadingBatch batch, CancellationToken cancellationToken)
    {
        var letters = Collect(batch);
        if (letters.Count == 0) return;

        // One order for all writers (see RowOrder).
        letters.Sort(static (one, other) =>
            one.Hash.AsSpan().SequenceCompareTo(other.Hash) is var order and not 0 ? order : Compare(one.Letter, other.Letter));
        for (var start = 0; start < letters.Count; start += Together)
        {
            await using var commands = new NpgsqlBatch(connection);
            var end = Math.Min(start + Together, letters.Count);
            for (var i = start; i < end; i++) commands.BatchCommands.Add(CommandFor(batch, letters[i]));
            await commands.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static List<(DeadLetter Letter, byte[] Hash)> Collect(ReadingBatch batch)
    {
        var letters = new List<(DeadLetter, byte[])>();
        foreach (var letter in batch.DeadLetters) letters.Add((letter, Hash(batch, letter.Message)));
        foreach (ref readonly var reading in batch.Readings)
        {
            if (reading.Refused is not { } reason) continue;
            var (device, metric) = (StoreText.From(reading.Series.Device.Span), StoreText.From(reading.Series.Metric.Span));
            var letter = new DeadLetter(reading.Message, reason, reading.Run, device, metric, reading.Seq, reading.Series.Origin.Source);
            letters.Add((letter, Hash(batch, reading.Message)));
        }

        return letters;
    }

    private static byte[] Hash(ReadingBatch batch, int message)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(batch.TopicOf(message).Span);
        hash.AppendData([0]); // no topic contains it, so where the topic ends is part of the hash
        hash.AppendData(batch.PayloadOf(message).Span);
        return hash.GetHashAndReset();
    }

    private static int Compare(DeadLetter one, DeadLetter other) =>
        (one.Run?.Id ?? 0) != (other.Run?.Id ?? 0) ? (one.Run?.Id ?? 0).CompareTo(other.Run?.Id ?? 0)
        : string.CompareOrdinal(one.Device, other.Device) is var device and not 0 ? device
        : string.CompareOrdinal(one.Metric, other.Metric) is var metric and not 0 ? metric
        : one.Seq.CompareTo(other.Seq);

    private static NpgsqlBatchCommand CommandFor(ReadingBatch batch, (DeadLetter Letter, byte[] Hash) entry)
    {
        var letter = entry.Letter;
        var command = new NpgsqlBatchCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.From(batch.TopicOf(letter.Message).Span) });
        command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = batch.PayloadOf(letter.Message) });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = entry.Hash });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(letter.Reason, ReasonBytes) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = letter.Run is { Refused: null } run ? run.Id : 0 });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(letter.Device, Limits.NameBytes) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(letter.Metric, Limits.NameBytes) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = letter.Seq });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = letter.Source });
        return command;
    }
}
