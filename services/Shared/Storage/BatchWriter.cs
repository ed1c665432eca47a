using Microsoft.Extensions.Logging;
using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Commits batches: each reading once, however often it comes and whatever happens to the database meanwhile. Keeps one connection of
/// its own. One batch at a time.
/// </summary>
/// <param name="source">The database.</param>
/// <param name="options">How it waits.</param>
/// <param name="instance">Name of this instance of Ingest; its counts stand in rows of their own.</param>
/// <param name="logger">Gets a line when storing stops and one when it goes on.</param>
public sealed partial class BatchWriter(
    NpgsqlDataSource source, StorageOptions options, string instance, ILogger<BatchWriter> logger) : IAsyncDisposable
{
    private readonly Outage _outage = new(options, TimeProvider.System, logger);
    private readonly NameResolver _names = new();
    private readonly KnownReadings _known = new();
    private readonly RowOrder _rows = new();
    private readonly RunCounts _counts = new();
    private readonly RowEncoder _encoder = new();

    // Marks tell batches of one instance apart (see ProgressCommand); the beginning is drawn by lot, for the lives of an instance.
    private long _mark = Random.Shared.NextInt64();
    private long _lastCommit;

    /// <summary>How it stands with the database, in one line; for health checks, from any thread.</summary>
    public StorageHealth Health => _outage.Health;

    /// <summary>The source that has as many series as it may, in words; null: none has. For health checks, from any thread.</summary>
    public string? FullSource => _names.FullSource;

    /// <summary>When it last committed; null before the first time. For health checks, from any thread.</summary>
    public DateTimeOffset? LastCommit =>
        Volatile.Read(ref _lastCommit) is var ticks and not 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>
    /// Connects and checks that the tables are there, however long that takes. Not needed before <see cref="WriteAsync"/>; says early what
    /// is missing.
    /// </summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await ConnectAsync(cancellationToken);
                _outage.Over();
                return;
            }
            catch (Exception error) when (IsOurs(error) && !cancellationToken.IsCancellationRequested)
            {
                await DisconnectAsync();
                await _outage.WaitAsync(error, source.ConnectionString, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Commits a batch, however long the database is away; returns when it is on disk. Leaves the readings in the order of their series'
    /// key, time, run and seq, and those that PostgreSQL refused marked with <see cref="Reading.Refused"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException">Stopped; nothing of the batch may be acknowledged.</exception>
    public async ValueTask<BatchResult> WriteAsync(ReadingBatch batch, CancellationToken cancellationToken)
    {
        if (batch is { Count: 0, DeadLetters.Count: 0, Announcements.Count: 0, Received.Count: 0 }) return default;

        var work = new Work(batch, ++_mark);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var result = await AttemptAsync(work, cancellationToken);
                _outage.Over();
                Volatile.Write(ref _lastCommit, DateTimeOffset.UtcNow.UtcTicks);
                return result;
            }
            catch (Exception error) when (cancellationToken.IsCancellationRequested)
            {
                // Whatever the cancelled command says: the transaction ends with its connection.
                await DisconnectAsync();
                throw new OperationCanceledException("Stopped while a batch was written.", error, cancellationToken);
            }
            catch (Exception error) when (IsOurs(error))
            {
                await RecoverAsync(work, error, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(DisconnectAsync());

    private async Task RecoverAsync(Work work, Exception error, CancellationToken cancellationToken)
    {
        switch (DatabaseErrors.Classify(error))
        {
            case DatabaseErrorClass.Duplicate when !work.Merge:
                work.Merge = true;
                return;
            case DatabaseErrorClass.Row when await TryRefuseAsync(work, cancellationToken):
                return;
        }

        // Where COMMIT was on its way, it may have happened: the merge finds out.
        if (work.Committing) work.Merge = true;
        await DisconnectAsync();

        // The pool's other connections went the same way; each would cost an attempt, or a whole time-out where the network swallows them.
        if (error is not PostgresException) source.Clear();
        await _outage.WaitAsync(error, source.ConnectionString, cancellationToken);
    }

    /// <summary>Npgsql calls a connection that its keep-alive found broken an invalid operation.</summary>
    private bool IsOurs(Exception error) =>
        DatabaseErrors.IsDatabase(error)
        || (error is InvalidOperationException && _connection is not { State: System.Data.ConnectionState.Open });

    /// <summary>One batch over all its attempts.</summary>
    private sealed class Work(ReadingBatch batch, long mark)
    {
        public ReadingBatch Batch => batch;

        public long Mark => mark;

        /// <summary>Write through the staging table: something of it is stored already, or may be.</summary>
        public bool Merge { get; set; }

        /// <summary>COMMIT was sent, its answer not read.</summary>
        public bool Committing { get; set; }

        /// <summary>What the last attempt that got as far as COMMIT would have stored.</summary>
        public BatchResult Result { get; set; }
    }
}
