using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Tally.Storage;

namespace Tally.QueryApi.Database;

/// <summary>A database that is away, or not ready, is no fault of the request: 503, and when to come again.</summary>
internal sealed class DatabaseAwayHandler(IProblemDetailsService problems, NpgsqlDataSource database, QueryApiOptions options) : IExceptionHandler
{
    /// <summary>The problem that clients are told of.</summary>
    /// <param name="explanation">What is wrong, and the way out.</param>
    public static ProblemDetails Problem(string explanation) => new()
    {
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The database is away",
        Detail = $"Not ready: {explanation}.",
    };

    /// <inheritdoc />
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // Not every IOException, as DatabaseErrors.IsDatabase has it: here it may be the client's connection.
        if (exception is not (NpgsqlException or SocketException or TimeoutException)) return false;

        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = Math.Ceiling(options.DatabaseCheckInterval.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture);
        return await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = Problem(DatabaseErrors.Explain(exception, database.ConnectionString)),
        });
    }
}
