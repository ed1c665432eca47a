using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// Completes the server span of each request by what is known only at its end: route, status, and the name that
/// OpenTelemetry's conventions for HTTP give it, <c>GET /api/runs/{run}</c>. The platform sets the rest when the span begins.
/// </summary>
internal sealed class RequestSpans : IStartupFilter
{
    private const int FirstServerError = 500;

    /// <inheritdoc/>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(CompleteAsync);
        next(app);
    };

    private static async Task CompleteAsync(HttpContext context, RequestDelegate next)
    {
        var span = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (span is not { IsAllDataRequested: true })
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
            Complete(span, context, context.Response.StatusCode, null);
        }
        catch (Exception error) // whatever it is, it goes on its way; the server will answer with 500
        {
            Complete(span, context, StatusCodes.Status500InternalServerError, error.GetType().FullName);
            throw;
        }
    }

    private static void Complete(Activity span, HttpContext context, int status, string? error)
    {
        // An exception handler takes the end point away to run its own, and keeps the one that failed.
        var endpoint = context.Features.Get<IExceptionHandlerPathFeature>()?.Endpoint ?? context.GetEndpoint();
        if ((endpoint as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            span.SetTag(PlatformSpans.Route, route);
            span.DisplayName = $"{context.Request.Method} {route}";
        }
        else
        {
            span.DisplayName = context.Request.Method;
        }

        span.SetTag(PlatformSpans.Status, status);
        if (status < FirstServerError) return;
        span.SetTag(PlatformSpans.ErrorType, error ?? status.ToString(CultureInfo.InvariantCulture));
        span.SetStatus(ActivityStatusCode.Error);
    }
}
