using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Finds the foreign readings of a batch that the store has already: kept by the broker and delivered again to each new subscriber, or sent
/// again after a restart.
/// </summary>
internal sealed class KnownReadings
{
    private const string Find =
        """
        SELECT asked.number FROM unnest($1, $2, $3) WITH ORDINALITY AS asked (series_id, at, value, number)
        WHERE EXISTS (
            SELECT FROM readings WHERE readings.series_id = asked.series_id
            AND (asked.at IS NULL OR (readings.at = asked.at AND readings.value IS NOT DISTINCT FROM asked.value)))
        """;

    private readonly List<int> _asked = [];

    /// <summary>Marks them; the batch's series have their keys by now.</summary>
    public async ValueTask FindAsync(NpgsqlConnection connection, ReadingBatch batch, CancellationToken cancellationToken)
    {
        Collect(batch.Readings);
        if (_asked.Count == 0) return;
        await using var command = new NpgsqlCommand(Find, connection);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = Ask(batch, static (in Reading reading) => reading.Series.Id) });
        command.Parameters.Add(new NpgsqlParameter<DateTime?[]> { TypedValue = Ask<DateTime?>(batch, static (in Reading reading) =>
            reading.KnownIf == KnownIf.AnyOfSeries ? null : DateTime.UnixEpoch.AddTicks(reading.At * TimeSpan.TicksPerMicrosecond)) });
        command.Parameters.Add(new NpgsqlParameter<double[]> { TypedValue = Ask(batch, static (in Reading reading) => reading.Value) });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) batch.Readings[_asked[(int)reader.GetInt64(0) - 1]].IsKnown = true;
    }

    private void Collect(ReadOnlySpan<Reading> readings)
    {
        _asked.Clear();
        for (var i = 0; i < readings.Length; i++)
        {
            if (readings[i].KnownIf != KnownIf.Never) _asked.Add(i);
        }
    }

    private T[] Ask<T>(ReadingBatch batch, Question<T> question)
    {
        var answers = new T[_asked.Count];
        for (var i = 0; i < answers.Length; i++) answers[i] = question(batch.Readings[_asked[i]]);
        return answers;
    }

    private delegate T Question<T>(in Reading reading);
}
