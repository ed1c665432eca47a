using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Npgsql;
using Tally.Contracts;
using Tally.QueryApi.Apis;
using Tally.QueryApi.Database;
using Tally.Storage;
using Tally.Storage.Queries;

namespace Tally.QueryApi.Events;

/// <summary>
/// Turns a run's rows into events. Each stream asks for a few rows twice a second, so nothing is asked while nobody
/// watches, and streams end with their clients or with the service.
/// </summary>
internal sealed class RunEvents(RunQueries runs, NpgsqlDataSource database, QueryApiOptions options, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(5);

    /// <summary>Events of a run, until the client goes.</summary>
    /// <param name="name">Name of the run; null for the current one, whichever it is at the time.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public async IAsyncEnumerable<SseItem<object>> WatchAsync(string? name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var meter = new RateMeter(RateWindow);
        var last = new Look(null, null);
        double? lastRate = null;
        var sent = 0L;
        while (!ending.IsCancellationRequested)
        {
            var look = await LookAsync(name, ending.Token);
            if (look is null) yield break;
            if (look.Run?.Name != last.Run?.Name) meter.Clear();
            var rate = look.Run is { } run ? meter.Add(Stopwatch.GetElapsedTime(0), run.Stored) : null;

            // A rate that falls to nothing is a change too, seconds after the last reading was stored.
            if (sent == 0 || look != last || rate != lastRate || Stopwatch.GetElapsedTime(sent) >= options.Heartbeat)
            {
                yield return EventOf(look, rate);
                sent = Stopwatch.GetTimestamp();
            }

            (last, lastRate) = (look, rate);
            await Task.Delay(options.EventInterval, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Look?> LookAsync(string? name, CancellationToken cancellationToken)
    {
        try
        {
            var run = name is null ? await runs.FindCurrentAsync(cancellationToken) : await runs.FindAsync(name, cancellationToken);
            return new(run, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null; // the client has gone, or the service stops
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return new(null, DatabaseErrors.Explain(error, database.ConnectionString));
        }
    }

    private static SseItem<object> EventOf(Look look, double? rate)
    {
        var retry = TimeSpan.FromSeconds(2);
        if (look.Problem is { } problem) return new(DatabaseAwayHandler.Problem(problem), "unavailable") { ReconnectionInterval = retry };
        if (look.Run is not { } run) return new(new object(), "idle") { ReconnectionInterval = retry };
        var progress = run.State == RunState.Finished && rate is not > 0 ? RunProgress.Of(run) : RunProgress.Of(run, rate);
        return new(progress, "progress") { ReconnectionInterval = retry };
    }

    /// <summary>What one look at the store showed: a run, no run, or why there was none to see.</summary>
    private sealed record Look(RunRecord? Run, string? Problem);
}
