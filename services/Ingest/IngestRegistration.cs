using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using Tally.Ingest.Announcing;
using Tally.Ingest.Receiving;
using Tally.Ingest.Sources;
using Tally.Ingest.Storing;
using Tally.ServiceDefaults;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Registers the service.</summary>
internal static class IngestRegistration
{
    /// <summary>Adds Ingest: receiving, storing, announcing, partitions, health.</summary>
    public static TBuilder AddIngest<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddCheckedOptions<IngestOptions>(IngestOptions.Section);
        services.AddCheckedOptions<StorageOptions>("Storage");
        services.AddCheckedOptions<PartitionOptions>("Partitions");
        services.AddCheckedOptions<DeadLetterOptions>("DeadLetters");
        services.TryAddSingleton(TimeProvider.System);
        services.AddStorage("tally-ingest");
        services.AddMqttClient(builder.Configuration);
        services.AddSingleton(provider => new BatchWriter(
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<StorageOptions>(),
            provider.GetRequiredService<IngestOptions>().Instance,
            provider.GetRequiredService<ILogger<BatchWriter>>()));
        AddReceiving(services);
        AddStoring(services);
        AddAnnouncing(services);
        services.AddSingleton<ExitStatus>();
        services.AddSingleton<IngestClients>();
        services.AddSingleton<PatientDatabase>();
        services.AddSingleton<FormerSubscriptions>();
        services.AddSingleton<CatchUp>();
        services.AddSingleton<Pipeline>();
        services.AddHostedService<IngestService>();
        services.AddHostedService<PartitionTimer>();
        services.AddHealthChecks().AddCheck<IngestHealth>("ingest", tags: [Extensions.ReadyTag]);

        // The host must not give up before the service does: it drains, and then both sessions take up to 5 s to say goodbye.
        services.AddOptions<HostOptions>().Configure<IngestOptions>((host, ingest) => host.ShutdownTimeout = ingest.StopTimeout + TimeSpan.FromSeconds(10));
        return builder;
    }

    private static void AddReceiving(IServiceCollection services)
    {
        services.AddSingleton<SourceSet>();
        services.AddSingleton<AckAddresses>();
        services.AddSingleton<ForeignIdentities>();
        services.AddSingleton<MessageReader>();
        services.AddSingleton<TelemetryHandler>();
    }

    private static void AddStoring(IServiceCollection services)
    {
        services.AddSingleton<BatchPool>();
        services.AddSingleton<FilledBatches>();
        services.AddSingleton<StoredBatches>();
        services.AddSingleton<ProcessPause>();
        services.AddSingleton<StaleBatches>();
        services.AddSingleton<StoredTotals>();
        services.AddSingleton<WriterLoop>();
    }

    private static void AddAnnouncing(IServiceCollection services)
    {
        services.AddSingleton<NoticeBuilder>();
        services.AddSingleton<NoticePublisher>();
        services.AddSingleton<NoticeTrouble>();
        services.AddSingleton<AnnouncerLoop>();
    }
}
