using Npgsql;

namespace Tally.Storage;

/// <summary>What an instance of Ingest has to know of its session at the broker from one life to the next.</summary>
/// <param name="Key">Part of its client identifiers, 32 hexadecimal digits by lot: who guesses the others' identifier takes their session.</param>
/// <param name="Filters">What it may be subscribed to. The broker keeps subscriptions and cannot be asked for them.</param>
public sealed record IngestSession(string Key, IReadOnlyList<string> Filters);

/// <summary>Remembers the sessions of Ingest's instances; table <c>ingest_sessions</c>.</summary>
/// <param name="source">The database.</param>
public sealed class IngestSessions(NpgsqlDataSource source)
{
    /// <summary>Begins a life: makes a session where the instance has none, and adds filters; to be called before subscribing, so that none is forgotten by a crash.</summary>
    /// <returns>The session, with these filters and those of before.</returns>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public async Task<IngestSession> BeginAsync(string instance, IReadOnlyList<string> filters, CancellationToken cancellationToken) =>
        (await ReadAsync(
            """
            INSERT INTO ingest_sessions AS known (instance, key, filters) VALUES ($1, replace(gen_random_uuid()::text, '-', ''), $2)
            ON CONFLICT (instance) DO UPDATE SET filters = ARRAY(SELECT unnest(known.filters) UNION SELECT unnest(excluded.filters) ORDER BY 1)
            RETURNING key, filters
            """,
            instance, filters, cancellationToken))!;

    /// <summary>The session of an instance; null: it has none.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public Task<IngestSession?> FindAsync(string instance, CancellationToken cancellationToken) =>
        ReadAsync("SELECT key, filters FROM ingest_sessions WHERE instance = $1", instance, null, cancellationToken);

    /// <summary>Forgets filters of an instance; to be called after the broker has ended the subscriptions.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public Task ForgetAsync(string instance, IReadOnlyList<string> filters, CancellationToken cancellationToken) => ReadAsync(
        "UPDATE ingest_sessions SET filters = ARRAY(SELECT unnest(filters) EXCEPT SELECT unnest($2) ORDER BY 1) WHERE instance = $1 RETURNING key, filters",
        instance, filters, cancellationToken);

    /// <summary>Forgets the session of an instance; to be called after the broker has ended it.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public Task ForgetAsync(string instance, CancellationToken cancellationToken) =>
        ReadAsync("DELETE FROM ingest_sessions WHERE instance = $1 RETURNING key, filters", instance, null, cancellationToken);

    private async Task<IngestSession?> ReadAsync(string sql, string instance, IReadOnlyList<string>? filters, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(instance);
        if (filters is not null) command.Parameters.AddWithValue(filters.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new IngestSession(reader.GetString(0), reader.GetFieldValue<string[]>(1)) : null;
    }
}
