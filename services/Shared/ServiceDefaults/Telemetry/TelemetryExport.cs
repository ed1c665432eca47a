using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// Spans, metrics and logs on their way to an OTLP receiver, from its making to its disposal. It is made only when a receiver is
/// named (<see cref="OtlpSignals"/>): without one nobody listens to any source or meter, and instruments cost a boolean.
/// </summary>
public sealed class TelemetryExport : IDisposable
{
    // One source and one meter for each assembly, named after it.
    private const string Own = "Tally.*";

    private const string Npgsql = "Npgsql";

    private static readonly string[] PlatformSources = ["Microsoft.AspNetCore", "System.Net.Http"];
    private static readonly string[] PlatformMeters = ["Microsoft.AspNetCore.Hosting", "System.Runtime", Npgsql];

    private readonly OpenTelemetrySdk _sdk;
    private readonly LoggerProvider? _hostLogs;
    private readonly TimeSpan _flushTimeout;

    private TelemetryExport(OpenTelemetrySdk sdk, LoggerProvider? hostLogs, TimeSpan flushTimeout) =>
        (_sdk, _hostLogs, _flushTimeout) = (sdk, hostLogs, flushTimeout);

    /// <summary>Makes loggers whose lines are exported, for a process without a host's; with one they go nowhere.</summary>
    public ILoggerFactory Loggers => _sdk.GetLoggerFactory();

    /// <summary>Begins the export of a console program, configured by its environment.</summary>
    /// <param name="service">The service's name, unless OTEL_SERVICE_NAME gives another.</param>
    /// <returns>Null when no receiver is named.</returns>
    /// <exception cref="OptionsValidationException">A variable says what cannot be.</exception>
    public static TelemetryExport? Start(string service)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        var signals = OtlpSignals.Of(configuration);
        if (!signals.Any) return null;
        using var provider = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section)
            .BuildServiceProvider();
        return Start(service, configuration, signals, provider.GetRequiredService<TelemetryOptions>(), []);
    }

    /// <summary>Begins the export.</summary>
    /// <param name="service">The service's name, unless configuration gives another.</param>
    /// <param name="configuration">OpenTelemetry's variables.</param>
    /// <param name="signals">What is exported.</param>
    /// <param name="options">Options.</param>
    /// <param name="moreSources">Sources of spans beside our own and the platform's.</param>
    /// <param name="hostLogs">The host's pipe for logs, which is emptied at the end with the rest; null: one of our own.</param>
    internal static TelemetryExport Start(
        string service,
        IConfiguration configuration,
        OtlpSignals signals,
        TelemetryOptions options,
        IEnumerable<string> moreSources,
        LoggerProvider? hostLogs = null)
    {
        var sdk = OpenTelemetrySdk.Create(builder =>
        {
            builder.Services.AddSingleton(configuration);
            builder.ConfigureResource(resource => ServiceResource.Describe(resource, service));
            if (signals.Traces)
            {
                builder.WithTracing(traces => traces
                    .AddSource([Own, .. PlatformSources, .. moreSources])
                    .SetSampler(TallySampler.Of(configuration))
                    .AddOtlpExporter());
            }

            if (signals.Metrics)
            {
                builder.WithMetrics(metrics => metrics
                    .AddMeter([Own, .. PlatformMeters])
                    .AddView(instrument => IsPerOperation(instrument) ? MetricStreamConfiguration.Drop : null)
                    .AddOtlpExporter());
            }

            if (signals.Logs && hostLogs is null) builder.WithLogging(logs => logs.AddOtlpExporter(), logs => logs.IncludeFormattedMessage = true);
        });
        return new TelemetryExport(sdk, hostLogs, options.FlushTimeout);
    }

    // Npgsql counts each command, and each read and write of its sockets: a third of what all telemetry cost Ingest. How long storing takes, its own
    // instruments say. The pool's stay.
    private static bool IsPerOperation(Instrument instrument) => instrument.Meter.Name == Npgsql && instrument.Name.StartsWith("db.client.operation.", StringComparison.Ordinal);

    /// <summary>Exports what has not been yet, as far as that takes no longer than <see cref="TelemetryOptions.FlushTimeout"/>.</summary>
    public void Dispose()
    {
        // Side by side, so that the time is one. Disposing alone would wait for each in turn, five seconds at most.
        var limit = (int)_flushTimeout.TotalMilliseconds;
        Task.WaitAll(
            Task.Run(() => _sdk.TracerProvider.Shutdown(limit)),
            Task.Run(() => _sdk.MeterProvider.Shutdown(limit)),
            Task.Run(() => (_hostLogs ?? _sdk.LoggerProvider).Shutdown(limit)));
        _sdk.Dispose();
    }
}
