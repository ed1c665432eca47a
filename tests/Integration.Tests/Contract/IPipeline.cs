using Tally.Integration.Tests.Ingest;
using Tally.SensorSimulator.Ledgers;
using Tally.Testing;

namespace Tally.Integration.Tests.Contract;

/// <summary>The whole pipeline, each part for itself to be killed.</summary>
internal interface IPipeline : IAsyncDisposable
{
    IMosquitto Broker { get; }

    IPostgres Postgres { get; }

    /// <summary>The database that Ingest stores in.</summary>
    Database Store { get; }

    /// <summary>QueryApi's address.</summary>
    Uri Api { get; }

    /// <summary>Executes a run, and lays both its sides against each other.</summary>
    Task<RunResult> RunAsync(RunRequest request);

    /// <summary>Ends Ingest without a chance to say anything, and starts another life of it; does not wait until it is ready.</summary>
    Task RestartIngestAsync();

    /// <summary>Ends AckResponder in the middle of whatever it does, and starts another.</summary>
    Task RestartResponderAsync();
}

/// <summary>What the simulator is asked for.</summary>
/// <param name="Messages">Readings.</param>
/// <param name="Rate">Readings per second; 0: as fast as acknowledgements allow.</param>
internal sealed record RunRequest(long Messages, double Rate = 0)
{
    /// <summary>
    /// A smaller window, whose re-send rule waits two seconds where it waits ten by default: enough for a part to start again within a
    /// probe or two, without making the test wait for them.
    /// </summary>
    public bool Quick { get; init; }
}

/// <summary>How a run went.</summary>
/// <param name="Report">The simulator's report.</param>
/// <param name="Text">The ledger for a person, with the reasons why it does not balance.</param>
internal sealed record RunResult(Report Report, string Text);
