using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.ServiceDefaults;

/// <summary>What every service has: health end points, checked options, one way of logging, one way out for its telemetry.</summary>
public static class Extensions
{
    /// <summary>Tag of the health checks that decide readiness.</summary>
    public const string ReadyTag = "ready";

    /// <summary>What the paths of the API begin with.</summary>
    internal const string ApiPath = "/api/";

    /// <summary>What the paths of the health end points begin with.</summary>
    internal const string HealthPath = "/health/";

    /// <summary>Adds the defaults of every service. Call it first: the export of telemetry begins before everything that is added later, and ends after it.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="tracing">Adds sources of spans beside Tally's own, ASP.NET Core's and HttpClient's, where traces are exported.</param>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, Action<TracerProviderBuilder>? tracing = null)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddTelemetry(tracing);
        builder.Services.AddHealthChecks();
        builder.Services.AddSingleton<FinalError>();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning); // at Information it writes three lines for each batch
        // Lines for each request, four of them, would bury the rest, and every probe is a request; configuration can have them back.
        if (builder.Configuration["Logging:LogLevel:Microsoft.AspNetCore"] is null)
            builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None); // who asks gets the answer
        return builder;
    }

    /// <summary>
    /// Maps <c>/health/live</c> (the process answers; never looks at broker or database) and <c>/health/ready</c> (all
    /// checks with the tag <see cref="ReadyTag"/>), always.
    /// </summary>
    public static WebApplication MapHealthEndpoints(this WebApplication app)
    {
        app.MapHealthChecks(HealthPath + "live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks(HealthPath + "ready", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(ReadyTag),
            ResponseWriter = (context, report) =>
            {
                // One line for each check that says no, so that `curl` is enough to see what is missing.
                context.Response.ContentType = "text/plain; charset=utf-8";
                var lines = report.Entries.Where(entry => entry.Value.Status != HealthStatus.Healthy)
                    .Select(entry => $"{entry.Key}: {entry.Value.Description ?? entry.Value.Exception?.Message}");
                return context.Response.WriteAsync(string.Join('\n', lines.Prepend(report.Status.ToString())) + "\n");
            },
        });
        return app;
    }
}
