using Npgsql;
using NpgsqlTypes;
using Tally.Contracts;

namespace Tally.Storage;

/// <summary>Writes what publishers announced into their runs' rows. The later state wins, whatever order announcements arrive in.</summary>
internal static class AnnouncementCommand
{
    /// <param name="connection">Connection with the batch's transaction.</param>
    /// <param name="announcements">Announcements of the batch.</param>
    /// <param name="runs">Their runs, in the same order, with keys.</param>
    /// <param name="cancellationToken">Ends it; the transaction is not to be committed then.</param>
    public static async Task ExecuteAsync(
        NpgsqlConnection connection, List<RunAnnouncement> announcements, List<Run> runs, CancellationToken cancellationToken)
    {
        // By key, as every writer does it, so that two of them cannot wait for each other.
        foreach (var i in Enumerable.Range(0, runs.Count).OrderBy(i => runs[i].Id))
        {
            if (runs[i].Id == 0) continue; // nobody can announce the run of foreign readings, or one that the store will not have
            await ExecuteAsync(connection, announcements[i], runs[i].Id, cancellationToken);
        }
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, RunAnnouncement announcement, int run, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE runs SET
                state = $2, expected = $3, published = coalesce($4, published), devices = $5, metric = $6, unit = $7, qos = $8,
                source = $9, seed = $10, start_at = $11, step_microseconds = $12,
                finished_at = CASE WHEN $2 >= 2 THEN coalesce(finished_at, clock_timestamp()) END
            WHERE id = $1 AND state <= $2
            """,
            connection);
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<int> { TypedValue = run });
        parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)announcement.State });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = announcement.Expected });
        parameters.Add(new NpgsqlParameter { Value = (object?)announcement.Published ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = announcement.Devices });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(announcement.Metric) });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(announcement.Unit) });
        parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)Math.Clamp(announcement.Qos, 0, short.MaxValue) });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = StoreText.Clean(announcement.Source) });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = announcement.Seed });
        parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = announcement.Start.ToUniversalTime() });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = announcement.StepMicroseconds });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
