using Npgsql;

namespace Tally.QueryApi.Database;

/// <summary>Asks whether the database can be reached and has its schema.</summary>
internal sealed class DatabaseProbe(NpgsqlDataSource database)
{
    /// <summary>What is wrong, in one line that says where and what to do; null when nothing is.</summary>
    public async Task<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("select 1 from runs, run_progress, readings, series, dead_letters limit 0");
            await command.ExecuteNonQueryAsync(cancellationToken);
            return null;
        }
        catch (NpgsqlException error)
        {
            return Explain(error);
        }
    }

    /// <summary>Says what a database error means for the person who runs the service.</summary>
    public static string Explain(NpgsqlException error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn } missing =>
            $"the schema is not there ({missing.MessageText}): run 'Ingest migrate' once.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
            $"PostgreSQL refuses the user ({refused.MessageText}): check ConnectionStrings__telemetry.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } missing =>
            $"the database is not there ({missing.MessageText}): create it, or check ConnectionStrings__telemetry.",
        PostgresException said => $"PostgreSQL answers {said.SqlState}: {said.MessageText}",
        _ => $"PostgreSQL cannot be reached ({error.InnerException?.Message ?? error.Message})",
    };
}
