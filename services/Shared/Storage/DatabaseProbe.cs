using Npgsql;

namespace Tally.Storage;

/// <summary>Asks whether the database answers and has the tables; for health checks.</summary>
/// <param name="source">The database.</param>
/// <param name="options">How long to wait for it.</param>
public sealed class DatabaseProbe(NpgsqlDataSource source, StorageOptions options)
{
    /// <summary>One question to the database.</summary>
    /// <returns>Null: it answers and has the tables. Else one line that says what is wrong, with the way out.</returns>
    /// <exception cref="OperationCanceledException">The caller stopped it.</exception>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.ProbeTimeout);
        try
        {
            await using var command = source.CreateCommand("SELECT id FROM runs LIMIT 0");
            await command.ExecuteNonQueryAsync(patience.Token);
            return null;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return DatabaseErrors.Explain(error, source.ConnectionString);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DatabaseErrors.Explain(new TimeoutException(), source.ConnectionString);
        }
    }
}
