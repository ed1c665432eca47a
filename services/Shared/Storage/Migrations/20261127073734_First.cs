using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Tally.Storage.Migrations
{
    /// <inheritdoc />
    public partial class First : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateSequence(
                name: "ingest_lives");

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
                    source = table.Column<string>(type: "text", nullable: false, defaultValue: ""),
                    replayed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_dead_letters", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "ingest_sessions",
                columns: table => new
                {
                    instance = table.Column<string>(type: "text", nullable: false),
                    key = table.Column<string>(type: "text", nullable: false),
                    filters = table.Column<string[]>(type: "text[]", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_ingest_sessions", x => x.instance);
                });

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
                    marks       smallint,
                    CONSTRAINT pk_readings PRIMARY KEY (series_id, at, run_id, seq)
                ) PARTITION BY RANGE (at);
                CREATE INDEX ix_readings_received_at_run_id ON readings USING brin (received_at, run_id int4_minmax_multi_ops) WITH (autosummarize = on);
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
                    last_batch = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_run_progress", x => new { x.run_id, x.instance });
                });

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
                    step_microseconds = table.Column<long>(type: "bigint", nullable: true),
                    first_seen = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()"),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_runs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "series",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    device = table.Column<string>(type: "text", nullable: false),
                    metric = table.Column<string>(type: "text", nullable: false),
                    unit = table.Column<string>(type: "text", nullable: false),
                    topic = table.Column<string>(type: "text", nullable: false, defaultValue: ""),
                    source = table.Column<string>(type: "text", nullable: false, defaultValue: "")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_series", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_dead_letters_run_id_device_metric_seq_message_hash",
                table: "dead_letters",
                columns: new[] { "run_id", "device", "metric", "seq", "message_hash" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_runs_name",
                table: "runs",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_series_device_metric_unit",
                table: "series",
                columns: new[] { "device", "metric", "unit" },
                unique: true);

            migrationBuilder.Sql("INSERT INTO runs (id, name) VALUES (0, '0')"); // of foreign readings

            // Updated with every batch: room on each page lets the new version of a row stay beside the old one (no index is touched).
            migrationBuilder.Sql("ALTER TABLE run_progress SET (fillfactor = 50)");

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

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            throw new System.NotSupportedException("The first schema is the oldest one: to go back behind it, drop the database.");
    }
}
