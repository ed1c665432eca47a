using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Http.HttpResults;
using Tally.QueryApi.Events;
using Tally.Storage.Queries;

namespace Tally.QueryApi.Apis;

/// <summary>Routes about runs.</summary>
internal static class RunsApi
{
    /// <summary>Maps <c>/api/runs</c> and <c>/api/events</c>.</summary>
    public static IEndpointRouteBuilder MapRuns(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("Runs").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/runs", ListAsync).WithName("ListRuns").WithSummary("Lists runs, the newest first.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/events", WatchCurrent).WithName("WatchCurrentRun")
            .WithSummary("Sends the progress of the current run, whichever it is, as server-sent events.")
            .WithDescription(EventsDescription);

        var run = api.MapGroup("/runs/{run}").ProducesProblem(StatusCodes.Status404NotFound);
        run.MapGet("/", FindAsync).WithName("GetRun").WithSummary("Says how far a run is.");
        run.MapGet("/ledger", LedgerAsync).WithName("GetLedger").WithSummary("Counts a run exactly, by identity.")
            .WithDescription(
                "Counts the rows themselves in one snapshot of the database that is taken after the request came. Requests for the same run "
                + "that come while one is being counted share the next count.");
        run.MapGet("/events", WatchAsync).WithName("WatchRun").WithSummary("Sends the progress of a run as server-sent events.")
            .WithDescription(EventsDescription);
        return routes;
    }

    private const string EventsDescription =
        "`progress` carries what `GET /api/runs/{run}` answers, up to twice a second while something changes, else every ten seconds. "
        + "`unavailable` says that the database is away, `idle` that there is no run yet; both are followed by `progress` once there is one.";

    private static async Task<Ok<RunPage>> ListAsync(
        RunQueries runs,
        CancellationToken cancellationToken,
        [Range(1, 200), Description("Runs on a page.")] int limit = 50,
        [Range(0, int.MaxValue), Description("What the page before gave as next; left out for the first page.")] int? before = null)
    {
        var found = await runs.ListAsync(before, limit + 1, cancellationToken); // one more tells whether there is another page
        var page = found.Take(limit).ToArray();
        var next = found.Count > limit ? page[^1].Id.ToString(CultureInfo.InvariantCulture) : null;
        return TypedResults.Ok(new RunPage(Array.ConvertAll(page, RunProgress.Of), next));
    }

    private static async Task<Results<Ok<RunProgress>, ProblemHttpResult>> FindAsync(string run, RunQueries runs, CancellationToken cancellationToken) =>
        await runs.FindAsync(run, cancellationToken) is { } found ? TypedResults.Ok(RunProgress.Of(found)) : Unknown(run);

    private static async Task<Results<Ok<RunLedger>, ProblemHttpResult>> LedgerAsync(
        string run, SharedQuery<RunLedger?> ledgers, CancellationToken cancellationToken) =>
        await ledgers.GetAsync(run, cancellationToken) is { } ledger ? TypedResults.Ok(ledger) : Unknown(run);

    private static async Task<Results<ServerSentEventsResult<object>, ProblemHttpResult>> WatchAsync(
        string run, RunQueries runs, RunEvents events, HttpResponse response, CancellationToken cancellationToken) =>
        await runs.FindAsync(run, cancellationToken) is { } found ? Stream(events.WatchAsync(run, cancellationToken), response) : Unknown(run);

    private static ServerSentEventsResult<object> WatchCurrent(RunEvents events, HttpResponse response, CancellationToken cancellationToken) =>
        Stream(events.WatchAsync(null, cancellationToken), response);

    private static ServerSentEventsResult<object> Stream(IAsyncEnumerable<SseItem<object>> events, HttpResponse response)
    {
        response.Headers["X-Accel-Buffering"] = "no"; // a proxy must pass each event on at once
        return TypedResults.ServerSentEvents(events);
    }

    private static ProblemHttpResult Unknown(string run) => TypedResults.Problem(
        statusCode: StatusCodes.Status404NotFound,
        title: "Unknown run",
        detail: $"The store has no run named '{run}'. GET /api/runs lists those it has.");
}
