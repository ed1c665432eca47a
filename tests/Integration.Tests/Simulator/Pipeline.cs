using Microsoft.Extensions.Logging.Abstractions;
using Tally.Integration.Tests.Ingest;
using Tally.Integration.Tests.QueryApi;
using Tally.SensorSimulator.Ledgers;
using Tally.SensorSimulator.Runs;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>The whole pipeline, each part for itself to be killed: real broker, real database, Ingest as a process.</summary>
internal sealed class Pipeline : IAsyncDisposable
{
    private Pipeline(MosquittoServer broker, PostgresServer postgres, string database)
    {
        (Broker, Postgres, Store) = (broker, postgres, new Database(database));
    }

    public MosquittoServer Broker { get; }

    public PostgresServer Postgres { get; }

    public Database Store { get; }

    public IngestProcess Ingest { get; private set; } = null!;

    public Responder Responder { get; private set; } = null!;

    public QueryApiHost Api { get; private set; } = null!;

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
        pipeline.Api = await QueryApiHost.StartAsync(pipeline.Store.ConnectionString);
        return pipeline;
    }

    /// <summary>Ends Ingest without a chance to say anything, and starts another life of it.</summary>
    public async Task RestartIngestAsync()
    {
        await Ingest.KillAsync();
        await Ingest.DisposeAsync();
        Ingest = IngestProcess.Start(Broker.AddressOf("ingest"), Store.ConnectionString);
    }

    /// <summary>Ends AckResponder in the middle of whatever it does, and starts another.</summary>
    public async Task RestartResponderAsync()
    {
        await Responder.DisposeAsync();
        Responder = await Responder.StartAsync(Broker);
    }

    /// <summary>Both sides of a run, laid against each other.</summary>
    public async Task<Ledger> ReckonAsync(RunOutcome outcome) => new(
        outcome,
        await new LedgerClient(Api.Client.BaseAddress!, TimeSpan.FromSeconds(30)).GetAsync(outcome.Options.Run, TestContext.Current.CancellationToken));

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Responder.DisposeAsync();
        await Ingest.DisposeAsync();
        await Broker.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
