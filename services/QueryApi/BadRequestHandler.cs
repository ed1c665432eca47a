using Microsoft.AspNetCore.Diagnostics;

namespace Tally.QueryApi;

/// <summary>Says which parameter could not be read, where the framework would answer an empty 400.</summary>
internal sealed class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    /// <inheritdoc />
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException error) return false;

        httpContext.Response.StatusCode = error.StatusCode;
        return await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new() { Status = error.StatusCode, Title = "Bad request", Detail = error.Message },
        });
    }
}
