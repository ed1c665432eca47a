using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Tally.QueryApi.Database;

/// <summary>A database that is away, or not ready, is no fault of the request: 503, and when to come again.</summary>
internal sealed class DatabaseAwayHandler(IProblemDetailsService problems, QueryApiOptions options) : IExceptionHandler
{
    /// <summary>The problem that clients are told of.</summary>
    /// <param name="explanation">From <see cref="DatabaseProbe.Explain"/>.</param>
    public static ProblemDetails Problem(string explanation) => new()
    {
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The database is away",
        Detail = char.ToUpperInvariant(explanation[0]) + explanation[1..],
    };

    /// <inheritdoc />
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not NpgsqlException error) return false;

        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = Math.Ceiling(options.DatabaseCheckInterval.TotalSeconds).ToString("F0", null);
        return await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = Problem(DatabaseProbe.Explain(error)),
        });
    }
}
