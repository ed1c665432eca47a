using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Tally.Storage.Model;

namespace Tally.Storage.Migrations;

/// <summary>
/// The model after the newest migration. EF Core compares the context with it and refuses to migrate when a migration is missing.
/// </summary>
[DbContext(typeof(TelemetryDbContext))]
internal sealed class TelemetryDbContextModelSnapshot : ModelSnapshot
{
    /// <inheritdoc/>
    protected override void BuildModel(ModelBuilder modelBuilder)
    {
        modelBuilder.HasAnnotation("ProductVersion", "10.0.0");
        NpgsqlModelBuilderExtensions.UseIdentityByDefaultColumns(modelBuilder);
        modelBuilder.HasSequence("ingest_lives");

        modelBuilder.Entity("Tally.Storage.Model.SeriesRow", b =>
        {
            NpgsqlPropertyBuilderExtensions.UseIdentityAlwaysColumn(
                b.Property<int>("Id").ValueGeneratedOnAdd().HasColumnType("integer").HasColumnName("id"));
            b.Property<string>("Device").IsRequired().HasColumnType("text").HasColumnName("device");
            b.Property<string>("Metric").IsRequired().HasColumnType("text").HasColumnName("metric");
            b.Property<string>("Unit").IsRequired().HasColumnType("text").HasColumnName("unit");
            b.HasKey("Id");
            b.Property<string>("Topic").IsRequired().ValueGeneratedOnAdd().HasColumnType("text").HasColumnName("topic").HasDefaultValue("");
            b.Property<string>("Source").IsRequired().ValueGeneratedOnAdd().HasColumnType("text").HasColumnName("source").HasDefaultValue("");
            b.HasIndex("Device", "Metric", "Unit").IsUnique().HasDatabaseName("series_device_metric_unit");
            b.ToTable("series");
        });

        modelBuilder.Entity("Tally.Storage.Model.RunRow", b =>
        {
            NpgsqlPropertyBuilderExtensions.UseIdentityByDefaultColumn(
                b.Property<int>("Id").ValueGeneratedOnAdd().HasColumnType("integer").HasColumnName("id"));
            b.Property<string>("Name").IsRequired().HasColumnType("text").HasColumnName("name");
            b.Property<short>("State").ValueGeneratedOnAdd().HasColumnType("smallint").HasDefaultValue((short)0).HasColumnName("state");
            b.Property<long?>("Expected").HasColumnType("bigint").HasColumnName("expected");
            b.Property<long?>("Published").HasColumnType("bigint").HasColumnName("published");
            b.Property<int?>("Devices").HasColumnType("integer").HasColumnName("devices");
            b.Property<string>("Metric").HasColumnType("text").HasColumnName("metric");
            b.Property<string>("Unit").HasColumnType("text").HasColumnName("unit");
            b.Property<short?>("Qos").HasColumnType("smallint").HasColumnName("qos");
            b.Property<string>("Source").HasColumnType("text").HasColumnName("source");
            b.Property<long?>("Seed").HasColumnType("bigint").HasColumnName("seed");
            b.Property<DateTimeOffset?>("StartAt").HasColumnType("timestamp with time zone").HasColumnName("start_at");
            b.Property<long?>("StepMicroseconds").HasColumnType("bigint").HasColumnName("step_us");
            b.Property<DateTimeOffset>("FirstSeen").ValueGeneratedOnAdd()
                .HasColumnType("timestamp with time zone").HasColumnName("first_seen").HasDefaultValueSql("clock_timestamp()");
            b.Property<DateTimeOffset?>("FinishedAt").HasColumnType("timestamp with time zone").HasColumnName("finished_at");
            b.HasKey("Id");
            b.HasIndex("Name").IsUnique().HasDatabaseName("runs_name");
            b.ToTable("runs");
        });

        modelBuilder.Entity("Tally.Storage.Model.ReadingRow", b =>
        {
            b.Property<int>("SeriesId").HasColumnType("integer").HasColumnName("series_id");
            b.Property<DateTimeOffset>("At").HasColumnType("timestamp with time zone").HasColumnName("at");
            b.Property<int>("RunId").HasColumnType("integer").HasColumnName("run_id");
            b.Property<long>("Seq").HasColumnType("bigint").HasColumnName("seq");
            b.Property<DateTimeOffset>("ReceivedAt").ValueGeneratedOnAdd()
                .HasColumnType("timestamp with time zone").HasColumnName("received_at").HasDefaultValueSql("now()");
            b.Property<double>("Value").HasColumnType("double precision").HasColumnName("value");
            b.Property<string>("RawText").HasColumnType("text").HasColumnName("raw_text");
            b.Property<short?>("Marks").HasColumnType("smallint").HasColumnName("marks");
            b.HasKey("SeriesId", "At", "RunId", "Seq");
            NpgsqlIndexBuilderExtensions.HasMethod(b.HasIndex("ReceivedAt", "RunId").HasDatabaseName("readings_received_at"), "brin");
            b.ToTable("readings");
        });

        modelBuilder.Entity("Tally.Storage.Model.RunProgressRow", b =>
        {
            b.Property<int>("RunId").HasColumnType("integer").HasColumnName("run_id");
            b.Property<string>("Instance").HasColumnType("text").HasColumnName("instance");
            b.Property<long>("Received").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("received").HasDefaultValue(0L);
            b.Property<long>("Stored").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("stored").HasDefaultValue(0L);
            b.Property<long>("Duplicates").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("duplicates").HasDefaultValue(0L);
            b.Property<long>("Rejected").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("rejected").HasDefaultValue(0L);
            b.Property<DateTimeOffset>("UpdatedAt").ValueGeneratedOnAdd()
                .HasColumnType("timestamp with time zone").HasColumnName("updated_at").HasDefaultValueSql("clock_timestamp()");
            b.Property<long>("LastBatch").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("last_batch").HasDefaultValue(0L);
            b.HasKey("RunId", "Instance");
            b.ToTable("run_progress");
        });

        modelBuilder.Entity("Tally.Storage.Model.DeadLetterRow", b =>
        {
            NpgsqlPropertyBuilderExtensions.UseIdentityAlwaysColumn(
                b.Property<long>("Id").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("id"));
            b.Property<string>("Topic").IsRequired().HasColumnType("text").HasColumnName("topic");
            b.Property<byte[]>("Payload").IsRequired().HasColumnType("bytea").HasColumnName("payload");
            b.Property<byte[]>("MessageHash").IsRequired().HasColumnType("bytea").HasColumnName("message_hash");
            b.Property<string>("Reason").IsRequired().HasColumnType("text").HasColumnName("reason");
            b.Property<int>("RunId").ValueGeneratedOnAdd().HasColumnType("integer").HasColumnName("run_id").HasDefaultValue(0);
            b.Property<string>("Device").IsRequired().ValueGeneratedOnAdd().HasColumnType("text").HasColumnName("device").HasDefaultValue("");
            b.Property<string>("Metric").IsRequired().ValueGeneratedOnAdd().HasColumnType("text").HasColumnName("metric").HasDefaultValue("");
            b.Property<long>("Seq").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("seq").HasDefaultValue(0L);
            b.Property<DateTimeOffset>("FirstSeen").ValueGeneratedOnAdd()
                .HasColumnType("timestamp with time zone").HasColumnName("first_seen").HasDefaultValueSql("clock_timestamp()");
            b.Property<DateTimeOffset>("LastSeen").ValueGeneratedOnAdd()
                .HasColumnType("timestamp with time zone").HasColumnName("last_seen").HasDefaultValueSql("clock_timestamp()");
            b.Property<long>("Count").ValueGeneratedOnAdd().HasColumnType("bigint").HasColumnName("count").HasDefaultValue(1L);
            b.HasKey("Id");
            b.Property<string>("Source").IsRequired().ValueGeneratedOnAdd().HasColumnType("text").HasColumnName("source").HasDefaultValue("");
            b.Property<DateTimeOffset?>("ReplayedAt").HasColumnType("timestamp with time zone").HasColumnName("replayed_at");
            b.HasIndex("RunId", "Device", "Metric", "Seq", "MessageHash").IsUnique().HasDatabaseName("dead_letters_identity");
            b.ToTable("dead_letters");
        });

        modelBuilder.Entity("Tally.Storage.Model.IngestSessionRow", b =>
        {
            b.Property<string>("Instance").HasColumnType("text").HasColumnName("instance");
            b.Property<string[]>("Filters").IsRequired().HasColumnType("text[]").HasColumnName("filters");
            b.Property<string>("Key").IsRequired().HasColumnType("text").HasColumnName("key");
            b.HasKey("Instance");
            b.ToTable("ingest_sessions");
        });
    }
}
