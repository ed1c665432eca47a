using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Adds the export to a service; nothing at all when no receiver is named.</summary>
internal static class TelemetryRegistration
{
    /// <summary>Adds it. Call it before any other hosted service is added: the export begins before what it reports, and ends after it.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="moreSources">Sources of spans beside our own and the platform's.</param>
    public static void AddTelemetry(this IHostApplicationBuilder builder, params string[] moreSources)
    {
        var signals = OtlpSignals.Of(builder.Configuration);
        if (!signals.Any) return;

        var service = ServiceResource.NameOf(builder.Environment.ApplicationName);
        builder.Services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section);
        if (signals.Logs)
        {
            // The host's own factory, so that its filters hold; trace and span of a line are those it is written in.
            builder.Logging.AddOpenTelemetry(logs =>
            {
                logs.IncludeFormattedMessage = true;
                logs.SetResourceBuilder(ServiceResource.Describe(OpenTelemetry.Resources.ResourceBuilder.CreateEmpty(), service));
                logs.AddOtlpExporter();
            });
        }

        if (signals.Traces) builder.Services.AddSingleton<IStartupFilter, RequestSpans>();
        builder.Services.AddSingleton(provider => TelemetryExport.Start(
            service, builder.Configuration, signals, provider.GetRequiredService<TelemetryOptions>(), moreSources, provider.GetService<LoggerProvider>()));
        builder.Services.AddHostedService<Beginning>();
    }

    // Hosted services are made in the order in which they were added, and what they were made with is disposed of in the opposite one.
    private sealed class Beginning : IHostedService
    {
        public Beginning(TelemetryExport export) => ArgumentNullException.ThrowIfNull(export);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
