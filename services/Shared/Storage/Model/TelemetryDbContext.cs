using Microsoft.EntityFrameworkCore;
using Tally.Contracts;

namespace Tally.Storage.Model;

/// <summary>
/// The store as EF Core sees it: the schema's owner and the plain reads. Rows are written by <see cref="BatchWriter"/> alone,
/// so reads need no change tracking.
/// </summary>
public sealed class TelemetryDbContext(DbContextOptions<TelemetryDbContext> options) : DbContext(options)
{
    /// <summary>Name of the sequence that numbers the lives of Ingest.</summary>
    public const string LivesSequence = "ingest_lives";

    /// <summary>Series.</summary>
    public DbSet<SeriesRow> Series => Set<SeriesRow>();

    /// <summary>Runs.</summary>
    public DbSet<RunRow> Runs => Set<RunRow>();

    /// <summary>Readings.</summary>
    public DbSet<ReadingRow> Readings => Set<ReadingRow>();

    /// <summary>Counts by run and instance.</summary>
    public DbSet<RunProgressRow> RunProgress => Set<RunProgressRow>();

    /// <summary>Dead letters.</summary>
    public DbSet<DeadLetterRow> DeadLetters => Set<DeadLetterRow>();

    /// <summary>What the instances of Ingest have subscribed to.</summary>
    public DbSet<IngestSessionRow> IngestSessions => Set<IngestSessionRow>();

    /// <inheritdoc/>
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking);

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasSequence(LivesSequence);

        modelBuilder.Entity<SeriesRow>(series =>
        {
            series.ToTable("series").HasKey(row => row.Id);
            series.Property(row => row.Id).HasColumnName("id").UseIdentityAlwaysColumn();
            series.Property(row => row.Device).HasColumnName("device");
            series.Property(row => row.Metric).HasColumnName("metric");
            series.Property(row => row.Unit).HasColumnName("unit");
            series.Property(row => row.Topic).HasColumnName("topic").HasDefaultValue("");
            series.Property(row => row.Source).HasColumnName("source").HasDefaultValue("");
            series.HasIndex(row => new { row.Device, row.Metric, row.Unit }).IsUnique().HasDatabaseName("series_device_metric_unit");
        });

        modelBuilder.Entity<RunRow>(run =>
        {
            run.ToTable("runs").HasKey(row => row.Id);
            run.Property(row => row.Id).HasColumnName("id").UseIdentityByDefaultColumn();
            run.Property(row => row.Name).HasColumnName("name");
            run.Property(row => row.State).HasColumnName("state").HasConversion<short>().HasDefaultValue(RunState.Unannounced);
            run.Property(row => row.Expected).HasColumnName("expected");
            run.Property(row => row.Published).HasColumnName("published");
            run.Property(row => row.Devices).HasColumnName("devices");
            run.Property(row => row.Metric).HasColumnName("metric");
            run.Property(row => row.Unit).HasColumnName("unit");
            run.Property(row => row.Qos).HasColumnName("qos");
            run.Property(row => row.Source).HasColumnName("source");
            run.Property(row => row.Seed).HasColumnName("seed");
            run.Property(row => row.StartAt).HasColumnName("start_at");
            run.Property(row => row.StepMicroseconds).HasColumnName("step_us");
            run.Property(row => row.FirstSeen).HasColumnName("first_seen").HasDefaultValueSql("clock_timestamp()");
            run.Property(row => row.FinishedAt).HasColumnName("finished_at");
            run.HasIndex(row => row.Name).IsUnique().HasDatabaseName("runs_name");
        });

        modelBuilder.Entity<ReadingRow>(reading =>
        {
            reading.ToTable("readings").HasKey(row => new { row.SeriesId, row.At, row.RunId, row.Seq });
            reading.Property(row => row.SeriesId).HasColumnName("series_id");
            reading.Property(row => row.At).HasColumnName("at");
            reading.Property(row => row.RunId).HasColumnName("run_id");
            reading.Property(row => row.Seq).HasColumnName("seq");
            reading.Property(row => row.ReceivedAt).HasColumnName("received_at").HasDefaultValueSql("now()");
            reading.Property(row => row.Value).HasColumnName("value");
            reading.Property(row => row.RawText).HasColumnName("raw_text");
            reading.Property(row => row.Marks).HasColumnName("marks");
            reading.HasIndex(row => new { row.ReceivedAt, row.RunId }).HasMethod("brin").HasDatabaseName("readings_received_at");
        });

        modelBuilder.Entity<RunProgressRow>(progress =>
        {
            progress.ToTable("run_progress").HasKey(row => new { row.RunId, row.Instance });
            progress.Property(row => row.RunId).HasColumnName("run_id");
            progress.Property(row => row.Instance).HasColumnName("instance");
            progress.Property(row => row.Received).HasColumnName("received").HasDefaultValue(0L);
            progress.Property(row => row.Stored).HasColumnName("stored").HasDefaultValue(0L);
            progress.Property(row => row.Duplicates).HasColumnName("duplicates").HasDefaultValue(0L);
            progress.Property(row => row.Rejected).HasColumnName("rejected").HasDefaultValue(0L);
            progress.Property(row => row.UpdatedAt).HasColumnName("updated_at").HasDefaultValueSql("clock_timestamp()");
            progress.Property(row => row.LastBatch).HasColumnName("last_batch").HasDefaultValue(0L);
        });

        modelBuilder.Entity<DeadLetterRow>(letter =>
        {
            letter.ToTable("dead_letters").HasKey(row => row.Id);
            letter.Property(row => row.Id).HasColumnName("id").UseIdentityAlwaysColumn();
            letter.Property(row => row.Topic).HasColumnName("topic");
            letter.Property(row => row.Payload).HasColumnName("payload");
            letter.Property(row => row.MessageHash).HasColumnName("message_hash");
            letter.Property(row => row.Reason).HasColumnName("reason");
            letter.Property(row => row.RunId).HasColumnName("run_id").HasDefaultValue(0);
            letter.Property(row => row.Device).HasColumnName("device").HasDefaultValue("");
            letter.Property(row => row.Metric).HasColumnName("metric").HasDefaultValue("");
            letter.Property(row => row.Seq).HasColumnName("seq").HasDefaultValue(0L);
            letter.Property(row => row.FirstSeen).HasColumnName("first_seen").HasDefaultValueSql("clock_timestamp()");
            letter.Property(row => row.LastSeen).HasColumnName("last_seen").HasDefaultValueSql("clock_timestamp()");
            letter.Property(row => row.Count).HasColumnName("count").HasDefaultValue(1L);
            letter.Property(row => row.Source).HasColumnName("source").HasDefaultValue("");
            letter.Property(row => row.ReplayedAt).HasColumnName("replayed_at");
            letter.HasIndex(row => new { row.RunId, row.Device, row.Metric, row.Seq, row.MessageHash })
                .IsUnique().HasDatabaseName("dead_letters_identity");
        });

        modelBuilder.Entity<IngestSessionRow>(session =>
        {
            session.ToTable("ingest_sessions").HasKey(row => row.Instance);
            session.Property(row => row.Instance).HasColumnName("instance");
            session.Property(row => row.Key).HasColumnName("key");
            session.Property(row => row.Filters).HasColumnName("filters");
        });
    }
}
