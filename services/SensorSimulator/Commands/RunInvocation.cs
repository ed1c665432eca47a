using System.Net;
using Tally.Mqtt;
using Tally.SensorSimulator.Ledgers;
using Tally.SensorSimulator.Progress;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults;

namespace Tally.SensorSimulator.Commands;

/// <summary>One <c>run</c> from the first line to the exit status.</summary>
internal sealed record RunInvocation(RunOptions Options, Uri Broker, Uri Api)
{
    /// <summary>Ranges named in a line for a person.</summary>
    private const int RangesInLine = 10;

    /// <summary>Time to ask whether a given name is taken; only a courtesy.</summary>
    private static readonly TimeSpan NameCheckTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Makes the MQTT client.</summary>
    public required IMqttClientFactory Clients { get; init; }

    /// <summary>The name was chosen by the user and may be taken.</summary>
    public bool NameWasGiven { get; init; }

    /// <summary>Where to write the report; null: nowhere.</summary>
    public string? ReportPath { get; init; }

    /// <summary>How long to ask for the ledger.</summary>
    public TimeSpan ApiTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Executes the run and says how it went.</summary>
    /// <returns>The exit status.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (NameWasGiven && await IsTakenAsync(cancellationToken))
            {
                return await FailAsync($"--run is '{Options.Run}': there is a run of that name already; choose another, or leave --run out", ExitStatus.Usage);
            }

            using var progress = ConsoleProgress.Make(Console.Out);
            var executor = new RunExecutor(MqttSettings.FromEnvironment().ApplyTo(Clients), TimeProvider.System);
            await Console.Out.WriteLineAsync($"Run {Options.Run}: {Options.Messages:N0} readings of {Options.Devices:N0} devices at QoS {(int)Options.Qos} to {MqttAddress.Describe(Broker)}");
            var outcome = await executor.ExecuteAsync(Options, Broker, progress, cancellationToken);
            progress.Finish();
            return outcome.End switch
            {
                RunEnd.Completed => await ReckonAsync(outcome, cancellationToken),
                RunEnd.Stalled => await GiveUpAsync(outcome),
                _ => await StopAsync(outcome),
            };
        }
        catch (RunEnvironmentException error)
        {
            return await FailAsync(error.Message, ExitStatus.Environment);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await FailAsync("Interrupted.", ExitStatus.Interrupted);
        }
    }

    private static async Task<int> FailAsync(string line, int status)
    {
        await Console.Error.WriteLineAsync(line);
        return status;
    }

    private async Task<int> ReckonAsync(RunOutcome outcome, CancellationToken cancellationToken)
    {
        var store = await new LedgerClient(Api, ApiTimeout).GetAsync(Options.Run, cancellationToken);
        var ledger = new Ledger(outcome, store);
        LedgerTable.Write(Console.Out, ledger);
        await ReportAsync(Report.Of(ledger));
        return ledger.IsBalanced ? ExitStatus.Balanced : ExitStatus.NotBalanced;
    }

    private async Task<int> GiveUpAsync(RunOutcome outcome)
    {
        await ReportAsync(Report.Of(outcome));
        return await FailAsync(
            $"No acknowledgement for {Options.StallTimeout.TotalSeconds:N0} s (--stall-timeout), given up with {DescribeOutstanding(outcome)}. Are Ingest, AckResponder and the database running?",
            ExitStatus.Environment);
    }

    private async Task<int> StopAsync(RunOutcome outcome)
    {
        await ReportAsync(Report.Of(outcome));
        return await FailAsync($"Interrupted with {DescribeOutstanding(outcome)}.", ExitStatus.Interrupted);
    }

    private static string DescribeOutstanding(RunOutcome outcome)
    {
        var open = outcome.Outstanding(RangesInLine);
        var line = $"{outcome.Published:N0} published, {outcome.Acknowledged:N0} acknowledged, {open.Total:N0} outstanding";
        if (open.Total > 0) line += $": {open.Describe()}";
        return outcome.Unannounced.Count == 0 ? line : $"{line}; not acknowledged that the run has {string.Join(" and ", outcome.Unannounced.Select(state => state.ToString().ToLowerInvariant()))}";
    }

    private async Task ReportAsync(Report report)
    {
        // Not cancelled by Ctrl-C: it is a small file, and what is outstanding belongs in it.
        if (ReportPath is not null) await report.WriteAsync(ReportPath, CancellationToken.None);
    }

    private async Task<bool> IsTakenAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var http = new HttpClient { Timeout = NameCheckTimeout };
            using var response = await http.GetAsync(new Uri(Api, $"api/runs/{Options.Run}"), cancellationToken);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false; // whether the API is there is asked in earnest when the ledger is drawn up
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false; // the same
        }
    }
}
