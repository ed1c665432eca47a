using System.Data;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Tally.Storage;

/// <summary>The writer's own connection.</summary>
public sealed partial class BatchWriter
{
    private static int s_epochs;

    private NpgsqlConnection? _connection;
    private ProgressCommand? _progress;
    private int _epoch;

    /// <summary>The connection, opened anew where it is not there.</summary>
    private async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_connection is { State: ConnectionState.Open } open) return open;

        await DisconnectAsync();
        _connection = await source.OpenConnectionAsync(cancellationToken);
        _epoch = Interlocked.Increment(ref s_epochs);
        await ExecuteAsync(_connection, SessionStatements(), cancellationToken);
        _progress = new ProgressCommand(_connection, instance);
        await _progress.PrepareAsync(cancellationToken);
        return _connection;
    }

    /// <summary>
    /// "Stored" means on disk, so synchronous_commit must not be off. The time-outs and the server's probes make it notice within half a
    /// minute that this process or the network is gone: until then the locks of the open transaction stay, and the next attempt waits for
    /// them. The queries touch every table, so that a missing one is known here and not in the middle of a batch.
    /// </summary>
    private string SessionStatements() => string.Create(CultureInfo.InvariantCulture,
        $"""
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        SET idle_in_transaction_session_timeout = {options.IdleInTransaction.TotalMilliseconds:F0};
        SET tcp_keepalives_idle = 10;
        SET tcp_keepalives_interval = 5;
        SET tcp_keepalives_count = 3;
        SELECT id, unit FROM series LIMIT 0;
        SELECT id, state FROM runs LIMIT 0;
        SELECT raw_text FROM readings WHERE false;
        SELECT message_hash FROM dead_letters LIMIT 0;
        """);

    private async Task DisconnectAsync()
    {
        var (connection, progress) = (_connection, _progress);
        (_connection, _progress) = (null, null);
        if (connection is null) return;
        try
        {
            if (progress is not null) await progress.DisposeAsync();
            await connection.DisposeAsync();
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) || error is InvalidOperationException)
        {
            // It is given up because it is broken; how exactly it breaks while it is closed is no news.
            logger.LogDebug(error, "Closing a broken connection.");
        }
    }
}
