using Npgsql;

namespace Tally.EndToEnd.Tests;

/// <summary>What the database holds, asked with SQL that shares nothing with the services.</summary>
internal static class StoredReadings
{
    /// <summary>Rows of all runs.</summary>
    public static Task<long> CountAsync(string database, CancellationToken cancellationToken) =>
        ScalarAsync(database, "SELECT count(*) FROM readings", cancellationToken);

    /// <summary>Identities that should be there and are not: <paramref name="readings"/> go round <paramref name="devices"/> devices, each with seq from 1.</summary>
    public static Task<long> MissingAsync(string database, long readings, int devices, CancellationToken cancellationToken) =>
        ScalarAsync(
            database,
            $"""
            SELECT count(*)
            FROM generate_series(0, {readings} - 1) AS k
            LEFT JOIN (SELECT s.device, r.seq FROM readings r JOIN series s ON s.id = r.series_id) AS stored
              ON stored.device = 'sensor-' || lpad((k % {devices} + 1)::text, 4, '0') AND stored.seq = k / {devices} + 1
            WHERE stored.seq IS NULL
            """,
            cancellationToken);

    /// <summary>Identities that stand there more than once.</summary>
    public static Task<long> DoubleAsync(string database, CancellationToken cancellationToken) =>
        ScalarAsync(database, "SELECT count(*) FROM (SELECT 1 FROM readings GROUP BY run_id, series_id, seq HAVING count(*) > 1) AS twice", cancellationToken);

    private static async Task<long> ScalarAsync(string database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
