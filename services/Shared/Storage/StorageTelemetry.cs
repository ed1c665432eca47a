using System.Diagnostics;
using Npgsql;

namespace Tally.Storage;

/// <summary>Spans of the store, by OpenTelemetry's conventions for database clients; the tests listen to the same.</summary>
internal static class StorageTelemetry
{
    /// <summary>Name of the source of spans.</summary>
    public const string Name = "Tally.Storage";

    private static readonly ActivitySource Spans = new(Name);

    /// <summary>Starts the span of a COPY, if it belongs to a batch that is traced: most are not, and each would be a trace of its own.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="table">Into which table.</param>
    /// <param name="rows">How many rows.</param>
    public static Activity? StartCopy(NpgsqlConnection connection, string table, int rows)
    {
        if (Activity.Current is null) return null;
        return Spans.StartActivity($"COPY {table}", ActivityKind.Client)?
            .SetTag("db.system.name", "postgresql")
            .SetTag("db.namespace", connection.Database)
            .SetTag("db.operation.name", "COPY")
            .SetTag("db.collection.name", table)
            .SetTag("peer.service", "postgresql") // by which the dashboard names it
            .SetTag("tally.rows", rows);
    }
}
