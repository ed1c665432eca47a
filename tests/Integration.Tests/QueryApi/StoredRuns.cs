using Npgsql;
using Tally.Contracts;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

/// <summary>Puts runs into a database by plain SQL.</summary>
internal sealed class StoredRuns(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString);

    public async Task AnnounceAsync(string run, int devices, long expected, RunState state = RunState.Started, long? published = null)
    {
        await EnsureAsync(run);
        await ExecuteAsync(
            """
            update runs set state = $2, expected = $3, published = $4, devices = $5, metric = 'temperature', unit = 'Cel', qos = 1,
                   source = 'synthetic', seed = 1, start_at = '2026-11-20T09:00:00Z', step_microseconds = 1000000, finished_at = case when $2 = 2 then now() end
            where name = $1
            """,
            run, (short)state, expected, (object?)published ?? DBNull.Value, devices);
    }

    /// <summary>Stores readings of a series.</summary>
    /// <param name="run">Run; made if it is new.</param>
    /// <param name="device">Device.</param>
    /// <param name="from">First seq.</param>
    /// <param name="to">Last seq.</param>
    /// <param name="metric">Metric.</param>
    /// <param name="shift">Added to the time that the seq should have.</param>
    public async Task StoreAsync(string run, string device, long from, long to, string metric = "temperature", TimeSpan shift = default)
    {
        await EnsureAsync(run);
        await ExecuteAsync("insert into series (device, metric, unit) values ($1, $2, 'Cel') on conflict do nothing", device, metric);
        await ExecuteAsync(
            """
            insert into readings (series_id, at, run_id, seq, value)
            select s.id, '2026-11-20T09:00:00Z'::timestamptz + (seq - 1) * interval '1 s' + $6, r.id, seq, 20 + seq / 10.0
            from runs r, series s, generate_series($4::bigint, $5::bigint) seq
            where r.name = $1 and s.device = $2 and s.metric = $3
            """,
            run, device, metric, from, to, shift);
    }

    /// <summary>Stores the whole of an announced run.</summary>
    public async Task StoreAllAsync(string run, int devices, long expected)
    {
        var plan = new RunPlan(expected, devices, default, default);
        for (var device = 0; device < devices; device++) await StoreAsync(run, RunPlan.DeviceName(device), 1, plan.CountOf(device, expected));
    }

    public async Task RejectAsync(string run, string device, long seq, string payload = "no number")
    {
        await EnsureAsync(run);
        await ExecuteAsync(
            """
            insert into dead_letters (topic, payload, message_hash, reason, run_id, device, metric, seq)
            select 'telemetry/' || $2::text || '/temperature', convert_to($4, 'UTF8'), sha256(convert_to($4, 'UTF8')), 'test', id, $2, 'temperature', $3
            from runs where name = $1
            """,
            run, device, seq, payload);
    }

    /// <summary>Adds to what an instance of Ingest has counted.</summary>
    public async Task CountAsync(string run, long received = 0, long stored = 0, long duplicates = 0, long rejected = 0, string instance = "ingest-0")
    {
        await EnsureAsync(run);
        await ExecuteAsync(
            """
            insert into run_progress as known (run_id, instance, received, stored, duplicates, rejected) select id, $6, $2, $3, $4, $5 from runs where name = $1
            on conflict (run_id, instance) do update set received = known.received + $2, stored = known.stored + $3,
                duplicates = known.duplicates + $4, rejected = known.rejected + $5, updated_at = clock_timestamp()
            """,
            run, received, stored, duplicates, rejected, instance);
    }

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public async Task<T> QueryAsync<T>(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public Task<NpgsqlConnection> OpenAsync() => _source.OpenConnectionAsync(TestContext.Current.CancellationToken).AsTask();

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private Task EnsureAsync(string run) => ExecuteAsync("insert into runs (name) values ($1) on conflict do nothing", run);

    private NpgsqlCommand Command(string sql, object[] values)
    {
        var command = _source.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
