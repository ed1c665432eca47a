using Microsoft.Extensions.Logging.Abstractions;
using Tally.Integration.Tests.Contract;
using Tally.Integration.Tests.Ingest;
using Tally.Integration.Tests.QueryApi;
using Tally.SensorSimulator.Ledgers;
using Tally.SensorSimulator.Publishing;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>Real broker, real database, Ingest as a process; the other services and the run in this one.</summary>
internal sealed class Pipeline : IPipeline
{
    /// <summary>Enough of the times for Ingest to start again within a probe or two.</summary>
    private static readonly WindowOptions Quick = Runs.Quick with { Size = 2_000, ProbeAfter = TimeSpan.FromSeconds(2), OvertakenAfter = TimeSpan.FromSeconds(2) };

    private Pipeline(MosquittoServer broker, PostgresServer postgres, string database)
    {
        (Broker, Postgres, Store) = (broker, postgres, new Database(database));
    }

    public MosquittoServer Broker { get; }

    IMosquitto IPipeline.Broker => Broker;

    public IPostgres Postgres { get; }

    public Database Store { get; }

    public Uri Api => QueryApi.Client.BaseAddress!;

    private IngestProcess Ingest { get; set; } = null!;

    private Responder Responder { get; set; } = null!;

    private QueryApiHost QueryApi { get; set; } = null!;

    /// <summary>Starts it.</summary>
    /// <param name="settings">Settings of Ingest.</param>
    public static async Task<Pipeline> StartAsync(params string[] settings)
    {
        var cancel = TestContext.Current.CancellationToken;
        var broker = await MosquittoServer.StartAsync(cancel);
        var postgres = await PostgresServer.StartAsync(cancel);
        var pipeline = new Pipeline(broker, postgres, await postgres.CreateDatabaseAsync(cancel));
        await Migrator.MigrateAsync(pipeline.Store.ConnectionString, NullLogger.Instance, cancel);
        pipeline.Ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), pipeline.Store.ConnectionString, settings);
        pipeline.Responder = await Responder.StartAsync(broker);
        pipeline.QueryApi = await QueryApiHost.StartAsync(pipeline.Store.ConnectionString);
        return pipeline;
    }

    public async Task RestartIngestAsync()
    {
        await Ingest.KillAsync();
        await Ingest.DisposeAsync();
        Ingest = IngestProcess.Start(Broker.AddressOf("ingest"), Store.ConnectionString);
    }

    public async Task RestartResponderAsync()
    {
        await Responder.DisposeAsync();
        Responder = await Responder.StartAsync(Broker);
    }

    public async Task<RunResult> RunAsync(RunRequest request)
    {
        var options = Runs.Of(request.Messages, request.Quick ? Quick : new()) with { Rate = request.Rate };
        if (!request.Quick) options = options with { DropCounterTimeout = TimeSpan.FromSeconds(30) }; // the other runs lose it with their broker
        var outcome = await Runs.ExecuteAsync(Broker, options);
        var ledger = new Ledger(outcome, await new LedgerClient(Api, TimeSpan.FromSeconds(30)).GetAsync(options.Run, TestContext.Current.CancellationToken));
        await using var text = new StringWriter();
        LedgerTable.Write(text, ledger);
        return new(Report.Of(ledger), text.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await QueryApi.DisposeAsync();
        await Responder.DisposeAsync();
        await Ingest.DisposeAsync();
        await Broker.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
