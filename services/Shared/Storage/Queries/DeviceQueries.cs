using Npgsql;

namespace Tally.Storage.Queries;

/// <summary>What devices have measured.</summary>
public sealed class DeviceQueries(NpgsqlDataSource database)
{
    /// <summary>
    /// The newest reading of each metric and unit of a device, by metric; empty when the device has none. One step into the
    /// primary key of each partition finds it, so the number of readings does not matter. What claimed a time more than a day
    /// ahead of its arrival (<see cref="ReadingMarks.Ahead"/>) is never the newest.
    /// </summary>
    public async Task<IReadOnlyList<LatestReading>> LatestAsync(string device, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            select s.metric, l.at, l.value, s.unit, l.raw_text, r.name, l.seq, l.received_at
            from series s
            cross join lateral (
                select at, value, raw_text, run_id, seq, received_at from readings
                where series_id = s.id and coalesce(marks, 0) & 4 = 0
                order by at desc, run_id desc, seq desc limit 1) l
            join runs r on r.id = l.run_id
            where s.device = $1
            order by s.metric, s.unit
            """);
        command.Parameters.Add(new() { Value = device });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var readings = new List<LatestReading>();
        while (await reader.ReadAsync(cancellationToken))
        {
            readings.Add(new()
            {
                Metric = reader.GetString(0),
                At = reader.GetFieldValue<DateTimeOffset>(1),
                Value = reader.GetDouble(2),
                Unit = reader.GetString(3),
                RawText = reader.IsDBNull(4) ? null : reader.GetString(4),
                Run = reader.GetString(5),
                Seq = reader.GetInt64(6),
                ReceivedAt = reader.GetFieldValue<DateTimeOffset>(7),
            });
        }

        return readings;
    }
}
