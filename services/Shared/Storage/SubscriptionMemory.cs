using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Remembers which topic filters the instances of Ingest have subscribed to. The broker keeps subscriptions with the session and
/// cannot be asked for them; configuration knows only those of today.
/// </summary>
/// <param name="source">The database.</param>
public sealed class SubscriptionMemory(NpgsqlDataSource source)
{
    /// <summary>Adds filters to those of an instance; to be called before subscribing, so that none is forgotten by a crash.</summary>
    /// <returns>What was remembered before.</returns>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public async Task<IReadOnlyList<string>> RememberAsync(string instance, IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        // Both halves see the table as it was before the statement.
        const string Sql =
            """
            WITH added AS (INSERT INTO ingest_subscriptions (instance, filter) SELECT $1, unnest($2) ON CONFLICT DO NOTHING)
            SELECT filter FROM ingest_subscriptions WHERE instance = $1 ORDER BY filter
            """;
        await using var command = Command(Sql, instance, filters);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>The filters of an instance.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public async Task<IReadOnlyList<string>> RecallAsync(string instance, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT filter FROM ingest_subscriptions WHERE instance = $1 ORDER BY filter");
        command.Parameters.AddWithValue(instance);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Forgets filters of an instance; to be called after the broker has ended the subscriptions.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public async Task ForgetAsync(string instance, IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        await using var command = Command("DELETE FROM ingest_subscriptions WHERE instance = $1 AND filter = ANY ($2)", instance, filters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, string instance, IReadOnlyList<string> filters)
    {
        var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(instance);
        command.Parameters.AddWithValue(filters.ToArray());
        return command;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var filters = new List<string>();
        while (await reader.ReadAsync(cancellationToken)) filters.Add(reader.GetString(0));
        return filters;
    }
}
