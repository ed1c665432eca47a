using System.Text;
using Npgsql;
using Tally.Contracts;

namespace Tally.Storage;

/// <summary>
/// Looks up the keys of a batch's series and runs, and makes those that are missing: sorted, and each table in a transaction of its own
/// before the batch's. Made inside it, two writers with the same new names would deadlock.
/// </summary>
internal sealed class NameResolver
{
    private readonly SeriesLimits _limits = new();
    private readonly HashSet<Series> _series = [];
    private readonly HashSet<Run> _runs = [];

    /// <summary>The source that has as many series as it may, in words; null: none has.</summary>
    public string? FullSource => _limits.Full;

    /// <summary>Runs of the batch's announcements, in their order.</summary>
    public List<Run> Announced { get; } = [];

    /// <summary>Gives every series and run of the batch its key, or the reason why it cannot have one.</summary>
    public async ValueTask ResolveAsync(NpgsqlConnection connection, int epoch, ReadingBatch batch, CancellationToken cancellationToken)
    {
        Collect(batch, epoch);
        if (_series.Count > 0) await ResolveSeriesAsync(connection, epoch, cancellationToken);
        if (_runs.Count > 0) await ResolveRunsAsync(connection, epoch, cancellationToken);
    }

    private void Collect(ReadingBatch batch, int epoch)
    {
        _series.Clear();
        _runs.Clear();
        Announced.Clear();
        foreach (ref readonly var reading in batch.Readings)
        {
            if (reading.Series.Epoch != epoch) _series.Add(reading.Series);
            Collect(reading.Run, epoch);
        }

        foreach (var run in batch.Received.Keys) Collect(run, epoch);
        foreach (var letter in batch.DeadLetters) Collect(letter.Run, epoch);
        foreach (var announcement in batch.Announcements)
        {
            var run = new Run(Encoding.UTF8.GetBytes(announcement.Run), -1);
            Announced.Add(run);
            _runs.Add(run);
        }
    }

    private void Collect(Run? run, int epoch)
    {
        if (run is not null && run.Epoch != epoch && !run.IsForeign) _runs.Add(run);
    }

    private async Task ResolveSeriesAsync(NpgsqlConnection connection, int epoch, CancellationToken cancellationToken)
    {
        var all = _series.ToArray();
        foreach (var series in all)
        {
            series.Refused = StoreText.RefuseName("device", series.Device.Span, Limits.NameBytes)
                ?? StoreText.RefuseName("metric", series.Metric.Span, Limits.NameBytes)
                ?? StoreText.RefuseName("unit", series.Unit.Span, Limits.UnitBytes);
        }

        var wanted = Array.FindAll(all, series => series.Refused is null);
        Array.Sort(wanted, static (one, other) =>
            one.Device.Span.SequenceCompareTo(other.Device.Span) is var device and not 0 ? device
            : one.Metric.Span.SequenceCompareTo(other.Metric.Span) is var metric and not 0 ? metric
            : one.Unit.Span.SequenceCompareTo(other.Unit.Span));
        await LookUpAsync(connection, wanted, epoch, cancellationToken);
        var missing = Array.FindAll(wanted, series => series.Epoch != epoch);
        if (missing.Length > 0)
        {
            missing = await _limits.RefuseAsync(connection, epoch, missing, cancellationToken);
            await MakeAsync(connection, missing, cancellationToken);
            await LookUpAsync(connection, missing, epoch, cancellationToken);
        }

        foreach (var series in all)
        {
            if (series.Refused is not null) (series.Id, series.Epoch) = (0, epoch);
        }
    }

    private static async Task LookUpAsync(NpgsqlConnection connection, Series[] series, int epoch, CancellationToken cancellationToken)
    {
        // Looked up before made: an INSERT that finds its row there takes a number of the sequence all the same.
        await using var command = new NpgsqlCommand(
            $"""
            SELECT series.id, wanted.number FROM unnest($1, $2, $3) WITH ORDINALITY AS wanted (device, metric, unit, number)
            JOIN series ON series.device = {Composed("wanted.device")} AND series.metric = {Composed("wanted.metric")} AND series.unit = {Composed("wanted.unit")}
            """,
            connection);
        command.Parameters.Add(Texts(series, one => one.Device));
        command.Parameters.Add(Texts(series, one => one.Metric));
        command.Parameters.Add(Texts(series, one => one.Unit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var found = series[reader.GetInt64(1) - 1];
            (found.Id, found.Epoch) = (reader.GetInt32(0), epoch);
        }
    }

    private static async Task MakeAsync(NpgsqlConnection connection, Series[] series, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(
                $"""
                INSERT INTO series (device, metric, unit, topic, source)
                SELECT {Composed("device")}, {Composed("metric")}, {Composed("unit")}, topic, source
                FROM unnest($1, $2, $3, $4, $5) AS made (device, metric, unit, topic, source) ON CONFLICT DO NOTHING
                """, connection);
            command.Parameters.Add(Texts(series, one => one.Device));
            command.Parameters.Add(Texts(series, one => one.Metric));
            command.Parameters.Add(Texts(series, one => one.Unit));
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(series, one => one.Origin.Topic) });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(series, one => one.Origin.Source) });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException error) when (DatabaseErrors.Classify(error) == DatabaseErrorClass.Row)
        {
            if (series.Length == 1)
            {
                series[0].Refused = error.MessageText;
                return;
            }

            await MakeAsync(connection, series[..(series.Length / 2)], cancellationToken);
            await MakeAsync(connection, series[(series.Length / 2)..], cancellationToken);
        }
    }

    private async Task ResolveRunsAsync(NpgsqlConnection connection, int epoch, CancellationToken cancellationToken)
    {
        var all = _runs.ToArray();
        foreach (var run in all) run.Refused = StoreText.RefuseName("run", run.Name.Span, Limits.RunBytes);
        var wanted = Array.FindAll(all, run => run.Refused is null);
        Array.Sort(wanted, static (one, other) => one.Name.Span.SequenceCompareTo(other.Name.Span));
        await LookUpAsync(connection, wanted, epoch, cancellationToken);
        var missing = Array.FindAll(wanted, run => run.Epoch != epoch);
        if (missing.Length > 0)
        {
            await MakeAsync(connection, missing, cancellationToken);
            await LookUpAsync(connection, missing, epoch, cancellationToken);
        }

        foreach (var run in all)
        {
            if (run.Refused is not null) (run.Id, run.Epoch) = (0, epoch);
        }
    }

    private static async Task LookUpAsync(NpgsqlConnection connection, Run[] runs, int epoch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT runs.id, wanted.number FROM unnest($1) WITH ORDINALITY AS wanted (name, number)
            JOIN runs ON runs.name = wanted.name
            """,
            connection);
        command.Parameters.Add(Texts(runs, one => one.Name));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var found = runs[reader.GetInt64(1) - 1];
            (found.Id, found.Epoch) = (reader.GetInt32(0), epoch);
        }
    }

    private static async Task MakeAsync(NpgsqlConnection connection, Run[] runs, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(
                "INSERT INTO runs (name) SELECT * FROM unnest($1) ON CONFLICT DO NOTHING", connection);
            command.Parameters.Add(Texts(runs, one => one.Name));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException error) when (DatabaseErrors.Classify(error) == DatabaseErrorClass.Row)
        {
            if (runs.Length == 1)
            {
                runs[0].Refused = error.MessageText;
                return;
            }

            await MakeAsync(connection, runs[..(runs.Length / 2)], cancellationToken);
            await MakeAsync(connection, runs[(runs.Length / 2)..], cancellationToken);
        }
    }

    /// <summary>A name in Unicode's normalization form C: one name is one series whichever way its accents were typed. Few are not ASCII.</summary>
    private static string Composed(string name) => $"CASE WHEN octet_length({name}) > char_length({name}) THEN normalize({name}) ELSE {name} END";

    private static NpgsqlParameter<string[]> Texts<T>(T[] named, Func<T, ReadOnlyMemory<byte>> name) =>
        new() { TypedValue = Array.ConvertAll(named, one => StoreText.From(name(one).Span)) };
}
