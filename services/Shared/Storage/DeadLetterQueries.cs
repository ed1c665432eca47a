using Npgsql;

namespace Tally.Storage;

/// <summary>A message that is kept as a dead letter.</summary>
/// <param name="Id">Key.</param>
/// <param name="Topic">Topic.</param>
/// <param name="Payload">Payload.</param>
/// <param name="FirstSeen">When it arrived first.</param>
public sealed record KeptMessage(long Id, string Topic, byte[] Payload, DateTimeOffset FirstSeen);

/// <summary>Reads dead letters for those who read them in again, and throws the oldest away.</summary>
public sealed class DeadLetterQueries(NpgsqlDataSource database)
{
    /// <summary>Dead letters that were not read in again, in the order of their keys.</summary>
    /// <param name="reason">Beginning of their reasons; null: any.</param>
    /// <param name="after">Key of the last one that is known.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<KeptMessage>> ReadAsync(string? reason, long after, int count, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            SELECT id, topic, payload, first_seen FROM dead_letters
            WHERE replayed_at IS NULL AND id > $1 AND ($2::text IS NULL OR starts_with(reason, $2)) ORDER BY id LIMIT $3
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter { Value = reason ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var letters = new List<KeptMessage>();
        while (await reader.ReadAsync(cancellationToken))
            letters.Add(new KeptMessage(reader.GetInt64(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return letters;
    }

    /// <summary>Notes that they were read in again, and are stored.</summary>
    public async Task SetReplayedAsync(long[] ids, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE dead_letters SET replayed_at = clock_timestamp() WHERE id = ANY($1)");
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Throws away what is older, or more, than is to be kept: first what came last the longest time ago.</summary>
    /// <returns>How many went.</returns>
    public async Task<int> ForgetAsync(DeadLetterOptions options, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            DELETE FROM dead_letters WHERE last_seen < now() - $1 OR id IN (
                SELECT id FROM (
                    SELECT id, sum(octet_length(payload) + octet_length(topic) + octet_length(reason)) OVER (ORDER BY last_seen DESC, id DESC) AS bytes
                    FROM dead_letters) sizes
                WHERE bytes > $2)
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.KeepFor });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = options.KeepBytes });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
