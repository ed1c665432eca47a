using System.Net.Sockets;
using Npgsql;

namespace Tally.Storage;

/// <summary>What an error of the database asks for.</summary>
public enum DatabaseErrorClass
{
    /// <summary>It passes by itself or when somebody mends the server: try the same again, with back-off.</summary>
    Transient,

    /// <summary>A row is there already: write the batch again through the staging merge.</summary>
    Duplicate,

    /// <summary>A row that the database will never take: find it and put it aside.</summary>
    Row,

    /// <summary>Password, database or tables are wrong: somebody has to act; not ready until then.</summary>
    NotReady,
}

/// <summary>Sorts errors of the database by what they ask for, and says them in one line with the way out.</summary>
public static class DatabaseErrors
{
    private const string Setting = "ConnectionStrings:telemetry (environment ConnectionStrings__telemetry)";

    /// <summary>Whether an exception comes from the database or the way to it, and not from a mistake in the program.</summary>
    public static bool IsDatabase(Exception error) => error is NpgsqlException or SocketException or IOException or TimeoutException;

    /// <summary>The class of an error. What is not known is transient: nothing is dropped for a code nobody thought of.</summary>
    public static DatabaseErrorClass Classify(Exception error)
    {
        if (error is not PostgresException { SqlState: { Length: 5 } state } refused) return DatabaseErrorClass.Transient;
        return state switch
        {
            PostgresErrorCodes.UniqueViolation => DatabaseErrorClass.Duplicate,

            // A check without a name is the partition's own: the row's partition was attached while the COPY was under way,
            // and the next attempt routes it there.
            PostgresErrorCodes.CheckViolation when string.IsNullOrEmpty(refused.ConstraintName) => DatabaseErrorClass.Transient,
            PostgresErrorCodes.CheckViolation or PostgresErrorCodes.NotNullViolation => DatabaseErrorClass.Row,
            PostgresErrorCodes.ProgramLimitExceeded => DatabaseErrorClass.Row, // an index row too long

            // 42: a table or column is missing or closed to this user. 3D, 3F: database or schema is. 28: user or password.
            _ when state.StartsWith("22", StringComparison.Ordinal) => DatabaseErrorClass.Row,
            _ when state.StartsWith("28", StringComparison.Ordinal)
                || state.StartsWith("42", StringComparison.Ordinal)
                || state.StartsWith("3D", StringComparison.Ordinal)
                || state.StartsWith("3F", StringComparison.Ordinal) => DatabaseErrorClass.NotReady,
            _ => DatabaseErrorClass.Transient,
        };
    }

    /// <summary>The SQLSTATE of an error, or null where it never reached the server.</summary>
    public static string? SqlStateOf(Exception error) => (error as PostgresException)?.SqlState;

    /// <summary>One line: what the server said, with its SQLSTATE, and what to do about it.</summary>
    /// <param name="error">The error.</param>
    /// <param name="connectionString">Where the connection went; its password is never shown. Null: unknown.</param>
    public static string Explain(Exception error, string? connectionString = null)
    {
        var target = connectionString is null ? null : new NpgsqlConnectionStringBuilder(connectionString);
        var where = target is null ? "the database" : $"{target.Host}:{target.Port}";
        if (error is PostgresException refused)
            return $"{refused.SqlState} {refused.MessageText.TrimEnd('.')}: {WayOut(refused.SqlState, target)}";

        // Npgsql wraps what the socket said; the innermost message is the one a person knows.
        var cause = error.GetBaseException();
        return cause switch
        {
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                $"no PostgreSQL answers on {where} (connection refused): start it, or correct {Setting}",
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
                $"the name of {where} cannot be resolved: correct {Setting}",
            TimeoutException => $"{where} did not answer in time: look at the server's load and at the network between",
            _ => $"the connection to {where} failed ({cause.Message.TrimEnd('.')}): look at the server and at the network between",
        };
    }

    private static string WayOut(string state, NpgsqlConnectionStringBuilder? target) => state switch
    {
        PostgresErrorCodes.DiskFull => "free space on the database's disk",
        PostgresErrorCodes.OutOfMemory => "give the database more memory, or stop what takes it",
        PostgresErrorCodes.TooManyConnections => "raise max_connections, or end other clients",
        PostgresErrorCodes.ConfigurationLimitExceeded => "raise the limit that the message names",
        PostgresErrorCodes.ReadOnlySqlTransaction => "the server is read-only; point ConnectionStrings:telemetry at the primary",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => "the server stops; start it again",
        PostgresErrorCodes.CannotConnectNow => "the server is starting or stopping; wait, or look at its log",
        PostgresErrorCodes.InvalidCatalogName => $"create the database{Named(target?.Database)}, then run `Ingest migrate`",
        PostgresErrorCodes.UntranslatableCharacter => $"create the database{Named(target?.Database)} anew with ENCODING 'UTF8'",
        PostgresErrorCodes.CheckViolation => "restore the partition readings_default, or run `Ingest migrate`",
        PostgresErrorCodes.QueryCanceled => "it took longer than the command time-out; look at what holds the database up",
        PostgresErrorCodes.InsufficientPrivilege => $"grant it to the user{Named(target?.Username)}",
        _ when state.StartsWith("28", StringComparison.Ordinal) =>
            $"correct user{Named(target?.Username)} or password in {Setting}",
        _ when state.StartsWith("42", StringComparison.Ordinal) || state.StartsWith("3F", StringComparison.Ordinal) =>
            $"the database{Named(target?.Database)} does not have this version's tables; run `Ingest migrate`",
        _ when state.StartsWith("53", StringComparison.Ordinal) => "the server lacks a resource; look at its log",
        _ => "look at the server's log",
    };

    private static string Named(string? name) => string.IsNullOrEmpty(name) ? "" : $" {name}";
}
