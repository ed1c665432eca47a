using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Numbers the lives of Ingest over restarts and instances: a foreign reading gets the seq (life &lt;&lt; 40) + counter, so no two lives
/// give the same one. A life may count to 10^12, and 8 million lives fit.
/// </summary>
/// <param name="source">The database.</param>
public sealed class IngestLives(NpgsqlDataSource source)
{
    /// <summary>The number of a new life; never given twice by one database.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses.</exception>
    public async Task<long> NextLifeAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT nextval('ingest_lives')");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
