using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Tally.Storage.Model;

namespace Tally.Storage.Migrations;

/// <summary>
/// Where series and dead letters come from, series by unit, what is special about a reading, and the views <c>telemetry</c> and
/// <c>dead_letter_groups</c>. Services of the version before write on beside it.
/// </summary>
[DbContext(typeof(TelemetryDbContext))]
[Migration("20261127000000_Sources")]
internal sealed class Sources : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("topic", "series", "text", nullable: false, defaultValue: "");
        migrationBuilder.AddColumn<string>("source", "series", "text", nullable: false, defaultValue: "");
        migrationBuilder.CreateIndex("series_device_metric_unit", "series", ["device", "metric", "unit"], unique: true);
        migrationBuilder.DropIndex("series_device_metric", "series");
        migrationBuilder.AddColumn<short>("marks", "readings", "smallint", nullable: true);
        migrationBuilder.AddColumn<string>("source", "dead_letters", "text", nullable: false, defaultValue: "");
        migrationBuilder.AddColumn<DateTimeOffset>("replayed_at", "dead_letters", "timestamp with time zone", nullable: true);

        // The bits are those of ReadingMarks. A reason's details stand behind its first colon.
        migrationBuilder.Sql(
            """
            CREATE VIEW telemetry AS
            SELECT s.device, s.metric, s.unit, r.at, r.value, r.raw_text, u.name AS run, r.seq, r.received_at, s.topic,
                coalesce(r.marks, 0) & 1 <> 0 AS at_is_arrival,
                coalesce(r.marks, 0) & 2 <> 0 AS arrived_late,
                coalesce(r.marks, 0) & 4 <> 0 AS ahead,
                coalesce(r.marks, 0) & 8 <> 0 AS retained,
                coalesce(r.marks, 0) & 16 <> 0 AS replayed
            FROM readings r JOIN series s ON s.id = r.series_id JOIN runs u ON u.id = r.run_id;

            CREATE VIEW dead_letter_groups AS
            SELECT split_part(reason, ': ', 1) AS reason, source, topic, count(*) AS letters, sum(count)::bigint AS messages,
                count(*) FILTER (WHERE replayed_at IS NULL) AS open,
                min(first_seen) AS first_seen, max(last_seen) AS last_seen, max(id) AS newest_id
            FROM dead_letters GROUP BY 1, 2, 3;
            """);
    }

    /// <inheritdoc/>
    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("Readings of one metric may have several units by now, for which the schema before has no room.");
}
