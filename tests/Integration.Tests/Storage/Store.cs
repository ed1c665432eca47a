using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tally.Ingest;
using Tally.Storage;
using Xunit;

namespace Tally.Integration.Tests.Storage;

/// <summary>
/// A store under test: a database, a catalog, writers, and questions to ask by SQL that knows nothing of the code under test.
/// </summary>
internal sealed class Store(string connectionString) : IAsyncDisposable
{
    /// <summary>2026-11-20T09:00:00Z in microseconds.</summary>
    public static readonly long Start = (DateTime.Parse("2026-11-20T09:00:00", null).Ticks - DateTime.UnixEpoch.Ticks) / 10;

    private readonly List<BatchWriter> _writers = [];

    public string ConnectionString => connectionString;

    public NpgsqlDataSource Source { get; } = StorageRegistration.CreateDataSource(connectionString, "tally-test", 16);

    public Catalog Catalog { get; private set; } = new();

    public Lines Log { get; } = new();

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A writer that tries again quickly.</summary>
    public BatchWriter Writer(string instance = "ingest-0", string? connection = null)
    {
        var source = connection is null ? Source : StorageRegistration.CreateDataSource(connection, "tally-test", 4);
        var options = new StorageOptions { FirstRetry = TimeSpan.FromMilliseconds(5), LongestRetry = TimeSpan.FromMilliseconds(50) };
        var writer = new BatchWriter(source, options, instance, Log);
        _writers.Add(writer);
        return writer;
    }

    /// <summary>Forgets all series and runs, as a restart does.</summary>
    public void Restart() => Catalog = new Catalog();

    /// <summary>
    /// A batch of <paramref name="count"/> readings that go round ten devices, as a run sends them, from <paramref name="first"/> on.
    /// </summary>
    public ReadingBatch Batch(int first, int count, string run = "r1")
    {
        var batch = new ReadingBatch(Math.Max(count, 1));
        for (var i = first; i < first + count; i++) Add(batch, $"d{i % 10}", i / 10 + 1, run: run);
        return batch;
    }

    /// <summary>Adds one reading with its message, and counts it as received.</summary>
    public void Add(ReadingBatch batch, string device, long seq, string run = "r1", string? text = null, long? at = null, double value = 20)
    {
        var reading = new Reading
        {
            Series = Catalog.GetSeries(Utf8(device), "temperature"u8, "Cel"u8),
            Run = Catalog.GetRun(Utf8(run)),
            Seq = seq,
            At = at ?? Start + seq * 1_000_000,
            Value = value,
            RawText = text,
            Message = batch.AddMessage(Utf8($"telemetry/{device}/temperature"), Utf8($"{run} {seq}")),
        };
        batch.Add(reading);
        batch.Received[reading.Run] = batch.Received.GetValueOrDefault(reading.Run) + 1;
    }

    /// <summary>The first column of each row.</summary>
    public async Task<List<object>> QueryAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var values = new List<object>();
        while (await reader.ReadAsync(Cancellation)) values.Add(reader.GetValue(0));
        return values;
    }

    public async Task<long> CountAsync(string from) => (long)(await QueryAsync($"SELECT count(*) FROM {from}"))[0];

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    /// <summary>Counts of a run over all instances: <c>received/stored/duplicates/rejected</c>.</summary>
    public async Task<string> ProgressAsync(string run = "r1") => (string)(await QueryAsync(
        $"""
        SELECT concat_ws('/', sum(received), sum(stored), sum(duplicates), sum(rejected))
        FROM run_progress JOIN runs ON id = run_id WHERE name = '{run}'
        """))[0];

    public async ValueTask DisposeAsync()
    {
        foreach (var writer in _writers) await writer.DisposeAsync();
        await Source.DisposeAsync();
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>Keeps the log's lines, warnings and above or all.</summary>
    internal sealed class Lines : ILogger<BatchWriter>, ILogger<PartitionTimer>
    {
        private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

        public IReadOnlyList<string> Warnings => [.. _lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text)];

        public IReadOnlyList<string> Information => [.. _lines.Where(line => line.Level == LogLevel.Information).Select(line => line.Text)];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue((logLevel, formatter(state, exception)));
    }
}
