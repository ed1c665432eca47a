using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;
using Tally.Storage.Model;

namespace Tally.Storage.Migrations;

/// <summary>Series, runs, readings by day, progress and dead letters.</summary>
[DbContext(typeof(TelemetryDbContext))]
[Migration("20261120000000_FirstSchema")]
internal sealed class FirstSchema : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateSequence(TelemetryDbContext.LivesSequence);

        migrationBuilder.CreateTable(
            name: "series",
            columns: table => new
            {
                id = table.Column<int>(type: "integer", nullable: false)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                device = table.Column<string>(type: "text", nullable: false),
                metric = table.Column<string>(type: "text", nullable: false),
                unit = table.Column<string>(type: "text", nullable: false),
            },
            constraints: table => table.PrimaryKey("PK_series", row => row.id));
        migrationBuilder.CreateIndex("series_device_metric", "series", ["device", "metric"], unique: true);

        migrationBuilder.CreateTable(
            name: "runs",
            columns: table => new
            {
                id = table.Column<int>(type: "integer", nullable: false)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                name = table.Column<string>(type: "text", nullable: false),
                state = table.Column<short>(type: "smallint", nullable: false, defaultValue: (short)0),
                expected = table.Column<long>(type: "bigint", nullable: true),
                published = table.Column<long>(type: "bigint", nullable: true),
                devices = table.Column<int>(type: "integer", nullable: true),
                metric = table.Column<string>(type: "text", nullable: true),
                unit = table.Column<string>(type: "text", nullable: true),
                qos = table.Column<short>(type: "smallint", nullable: true),
                source = table.Column<string>(type: "text", nullable: true),
                seed = table.Column<long>(type: "bigint", nullable: true),
                start_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                step_us = table.Column<long>(type: "bigint", nullable: true),
                first_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()"),
                finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_runs", row => row.id));
        migrationBuilder.CreateIndex("runs_name", "runs", "name", unique: true);
        migrationBuilder.Sql("INSERT INTO runs (id, name) VALUES (0, '0')");

        // EF knows neither partitions nor BRIN's parameters. Rows of one partition lie in the order of received_at, so a range
        // of blocks is all that an index entry has to say; autosummarize keeps it up without waiting for a vacuum. The same entry
        // says which runs are there, several of them where runs are mixed: a ledger reads the pages of its own run only.
        migrationBuilder.Sql(
            """
            CREATE TABLE readings (
                series_id   integer          NOT NULL,
                at          timestamptz      NOT NULL,
                run_id      integer          NOT NULL,
                seq         bigint           NOT NULL,
                received_at timestamptz      NOT NULL DEFAULT now(),
                value       double precision NOT NULL,
                raw_text    text,
                CONSTRAINT "PK_readings" PRIMARY KEY (series_id, at, run_id, seq)
            ) PARTITION BY RANGE (at);
            CREATE INDEX readings_received_at ON readings USING brin (received_at, run_id int4_minmax_multi_ops) WITH (autosummarize = on);
            CREATE TABLE readings_default PARTITION OF readings DEFAULT;
            """);

        migrationBuilder.CreateTable(
            name: "run_progress",
            columns: table => new
            {
                run_id = table.Column<int>(type: "integer", nullable: false),
                instance = table.Column<string>(type: "text", nullable: false),
                received = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                stored = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                duplicates = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                rejected = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()"),
                last_batch = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
            },
            constraints: table => table.PrimaryKey("PK_run_progress", row => new { row.run_id, row.instance }));

        // Updated with every batch: room on each page lets the new version of a row stay beside the old one (no index is touched).
        migrationBuilder.Sql("ALTER TABLE run_progress SET (fillfactor = 50)");

        migrationBuilder.CreateTable(
            name: "dead_letters",
            columns: table => new
            {
                id = table.Column<long>(type: "bigint", nullable: false)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                topic = table.Column<string>(type: "text", nullable: false),
                payload = table.Column<byte[]>(type: "bytea", nullable: false),
                message_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                reason = table.Column<string>(type: "text", nullable: false),
                run_id = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                device = table.Column<string>(type: "text", nullable: false, defaultValue: ""),
                metric = table.Column<string>(type: "text", nullable: false, defaultValue: ""),
                seq = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                first_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()"),
                last_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()"),
                count = table.Column<long>(type: "bigint", nullable: false, defaultValue: 1L),
            },
            constraints: table => table.PrimaryKey("PK_dead_letters", row => row.id));
        migrationBuilder.CreateIndex("dead_letters_identity", "dead_letters", ["run_id", "device", "metric", "seq", "message_hash"], unique: true);
    }

    /// <inheritdoc/>
    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("The first schema is the oldest one: to go back behind it, drop the database.");
}
