using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// Spans, metrics and logs by OTLP. Nothing is registered where no receiver is named (<see cref="OtlpSignals"/>): then nobody listens to any
/// source or meter, and instruments cost a boolean.
/// </summary>
internal static class TelemetryRegistration
{
    // One source and one meter for each assembly, named after it.
    private const string Own = "Tally.*";

    /// <summary>Adds it to a service. Call it before any other hosted service is added: the export begins before what it reports, and ends after it.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="tracing">Adds sources of spans beside our own, ASP.NET Core's and HttpClient's.</param>
    public static void AddTelemetry(this IHostApplicationBuilder builder, Action<TracerProviderBuilder>? tracing)
    {
        var signals = OtlpSignals.Of(builder.Configuration);
        if (!signals.Any) return;
        builder.Services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section);
        builder.Services.AddHostedService<TelemetryEnd>(); // what is added first is stopped last
        var name = builder.Environment.ApplicationName;
        var telemetry = builder.Services.AddOpenTelemetry().AddTally(name[(name.LastIndexOf('.') + 1)..].ToLowerInvariant(), builder.Configuration, signals);
        if (signals.Traces && tracing is not null) telemetry.WithTracing(tracing);
    }

    /// <summary>Adds what every process exports.</summary>
    /// <param name="builder">OpenTelemetry's builder.</param>
    /// <param name="service">The service's name, unless OTEL_SERVICE_NAME gives another.</param>
    /// <param name="configuration">OpenTelemetry's variables.</param>
    /// <param name="signals">What is exported.</param>
    public static IOpenTelemetryBuilder AddTally(this IOpenTelemetryBuilder builder, string service, IConfiguration configuration, OtlpSignals signals)
    {
        builder.ConfigureResource(resource => Describe(resource, service)).UseOtlpExporter(); // of all three; those without a source send nothing
        if (signals.Traces)
        {
            builder.WithTracing(traces => traces.AddSource(Own).SetSampler(TallySampler.Of(configuration))
                .AddAspNetCoreInstrumentation(options => options.Filter = IsTraced).AddHttpClientInstrumentation());
        }

        if (signals.Metrics)
        {
            builder.WithMetrics(metrics => metrics.AddMeter(Own).AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddNpgsqlInstrumentation()
                .AddView(instrument => IsPerOperation(instrument) ? MetricStreamConfiguration.Drop : null));
        }

        builder.Services.Configure<OpenTelemetryLoggerOptions>(logs => logs.IncludeFormattedMessage = true);
        if (!signals.Logs) builder.Services.AddLogging(logging => logging.AddFilter<OpenTelemetryLoggerProvider>(null, LogLevel.None));
        return builder;
    }

    // Name, version, and an instance that tells replicas and lives apart; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win, since the last one does.
    private static void Describe(ResourceBuilder resource, string service) => resource.Clear().AddTelemetrySdk()
        .AddService(
            service,
            serviceVersion: Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            autoGenerateServiceInstanceId: false,
            serviceInstanceId: string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}"))
        .AddEnvironmentVariableDetector();

    // Questions to the API are traced. Health probes, the page's files and its streams of events, which last as long as the page is open, would bury the traces of readings.
    private static bool IsTraced(HttpContext context) =>
        context.Request.Path.Value is { } path && path.StartsWith(Extensions.ApiPath, StringComparison.Ordinal) && !path.EndsWith("/events", StringComparison.Ordinal);

    // Npgsql counts each command, and each read and write of its sockets: a third of what all telemetry cost Ingest. How long storing takes, its own
    // instruments say. The pool's stay.
    private static bool IsPerOperation(Instrument instrument) => instrument.Meter.Name == "Npgsql" && instrument.Name.StartsWith("db.client.operation.", StringComparison.Ordinal);
}
