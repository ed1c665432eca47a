using System.Globalization;
using Npgsql;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>Questions to a database, by SQL that knows nothing of the code under test.</summary>
internal sealed class Database(string connectionString)
{
    public string ConnectionString => connectionString;

    /// <summary>The rows, columns divided by |.</summary>
    public async Task<List<string>> QueryAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture))));
        return rows;
    }

    public async Task<long> CountAsync(string from) => long.Parse((await QueryAsync($"SELECT count(*) FROM {from}"))[0], null);

    public Task UntilCountAsync(string from, long count) =>
        Eventually.UntilAsync(async () => await CountAsync(from) >= count, $"{count} rows in {from}");

    /// <summary>Readings as <c>device|metric|unit|run|seq|value|raw text</c>, in order.</summary>
    public Task<List<string>> ReadingsAsync() => QueryAsync(
        """
        SELECT device, series.metric, series.unit, name, CASE WHEN run_id = 0 THEN 'own' ELSE seq::text END, value, coalesce(raw_text, '-')
        FROM readings JOIN series ON series.id = series_id JOIN runs ON runs.id = run_id ORDER BY device, series.metric, readings.at, readings.seq
        """);

    /// <summary>The view <c>telemetry</c>, as <see cref="PayloadCases"/> describe readings.</summary>
    public async Task<List<string>> DescribeAsync() =>
    [
        .. (await QueryAsync("SELECT device, metric, unit, value, at_is_arrival, (extract(epoch FROM at) * 1000000)::bigint FROM telemetry")).Select(row => row.Split('|')).Select(row =>
            PayloadCases.Describe(row[0], row[1], double.Parse(row[3], CultureInfo.InvariantCulture), row[2], row[4] == "True" ? null : long.Parse(row[5], CultureInfo.InvariantCulture))),
    ];

    /// <summary>Counts of a run over all lives: <c>received|stored|duplicates|rejected</c>.</summary>
    public async Task<string> ProgressAsync(string run) => (await QueryAsync(
        $"SELECT sum(received), sum(stored), sum(duplicates), sum(rejected) FROM run_progress JOIN runs ON id = run_id WHERE name = '{run}'"))[0];
}
