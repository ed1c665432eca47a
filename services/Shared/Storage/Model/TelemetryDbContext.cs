using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
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

    /// <summary>Sessions of Ingest's instances at the broker.</summary>
    public DbSet<IngestSessionRow> IngestSessions => Set<IngestSessionRow>();

    /// <inheritdoc/>
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.UseSnakeCaseNamingConvention().UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking);

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasSequence(LivesSequence);

        modelBuilder.Entity<SeriesRow>(series =>
        {
            series.Property(row => row.Id).UseIdentityAlwaysColumn();
            series.Property(row => row.Topic).HasDefaultValue("");
            series.Property(row => row.Source).HasDefaultValue("");
            series.HasIndex(row => new { row.Device, row.Metric, row.Unit }).IsUnique();
        });

        modelBuilder.Entity<RunRow>(run =>
        {
            run.Property(row => row.Id).UseIdentityByDefaultColumn();
            run.Property(row => row.State).HasConversion<short>().HasDefaultValue(RunState.Unannounced);
            run.Property(row => row.FirstSeen).HasDefaultValueSql("clock_timestamp()");
            run.HasIndex(row => row.Name).IsUnique();
        });

        modelBuilder.Entity<ReadingRow>(reading =>
        {
            reading.HasKey(row => new { row.SeriesId, row.At, row.RunId, row.Seq });
            reading.Property(row => row.ReceivedAt).HasDefaultValueSql("now()");
            reading.HasIndex(row => new { row.ReceivedAt, row.RunId }).HasMethod("brin");
        });

        modelBuilder.Entity<RunProgressRow>(progress =>
        {
            progress.HasKey(row => new { row.RunId, row.Instance });
            progress.Property(row => row.Received).HasDefaultValue(0L);
            progress.Property(row => row.Stored).HasDefaultValue(0L);
            progress.Property(row => row.Duplicates).HasDefaultValue(0L);
            progress.Property(row => row.Rejected).HasDefaultValue(0L);
            progress.Property(row => row.UpdatedAt).HasDefaultValueSql("clock_timestamp()");
            progress.Property(row => row.LastBatch).HasDefaultValue(0L);
        });

        modelBuilder.Entity<DeadLetterRow>(letter =>
        {
            letter.Property(row => row.Id).UseIdentityAlwaysColumn();
            letter.Property(row => row.RunId).HasDefaultValue(0);
            letter.Property(row => row.Device).HasDefaultValue("");
            letter.Property(row => row.Metric).HasDefaultValue("");
            letter.Property(row => row.Seq).HasDefaultValue(0L);
            letter.Property(row => row.FirstSeen).HasDefaultValueSql("clock_timestamp()");
            letter.Property(row => row.LastSeen).HasDefaultValueSql("clock_timestamp()");
            letter.Property(row => row.Count).HasDefaultValue(1L);
            letter.Property(row => row.Source).HasDefaultValue("");
            letter.HasIndex(row => new { row.RunId, row.Device, row.Metric, row.Seq, row.MessageHash }).IsUnique();
        });

        modelBuilder.Entity<IngestSessionRow>(session => session.HasKey(row => row.Instance));
    }
}

/// <summary>Makes the context for <c>dotnet ef</c>, which asks no database for a migration.</summary>
internal sealed class DesignTimeContext : IDesignTimeDbContextFactory<TelemetryDbContext>
{
    /// <inheritdoc/>
    public TelemetryDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<TelemetryDbContext>().UseNpgsql().Options);
}
