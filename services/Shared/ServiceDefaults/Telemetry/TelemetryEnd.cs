using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Options of the export (section <c>Telemetry</c>); the rest is said by OpenTelemetry's own variables.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Telemetry";

    /// <summary>
    /// How long the end of the process may wait for what is not exported yet. A receiver that works takes it within milliseconds, one on
    /// another continent within a second; one that hangs must not hold up a service that has stored and acknowledged everything.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ErrorMessage = "expected 00:00:00 to 00:01:00")]
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>Exports at the end of a service what has not been yet, as far as that takes no longer than <see cref="TelemetryOptions.FlushTimeout"/>.</summary>
internal sealed class TelemetryEnd(IServiceProvider services, TelemetryOptions options) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        ShutdownAsync(services.GetService<TracerProvider>(), services.GetService<MeterProvider>(), services.GetService<LoggerProvider>(), options.FlushTimeout);

    /// <summary>Side by side, so that the time is one. Disposing of the three waits for each in turn, five seconds at most.</summary>
    public static Task ShutdownAsync(TracerProvider? traces, MeterProvider? metrics, LoggerProvider? logs, TimeSpan timeout)
    {
        var limit = (int)timeout.TotalMilliseconds;
        return Task.WhenAll(Task.Run(() => traces?.Shutdown(limit)), Task.Run(() => metrics?.Shutdown(limit)), Task.Run(() => logs?.Shutdown(limit)));
    }
}

/// <summary>The export of a program without a host, from its making to its disposal.</summary>
public sealed class ConsoleTelemetry : IDisposable
{
    private readonly OpenTelemetrySdk _sdk;
    private readonly TimeSpan _flushTimeout;

    private ConsoleTelemetry(OpenTelemetrySdk sdk, TimeSpan flushTimeout) => (_sdk, _flushTimeout) = (sdk, flushTimeout);

    /// <summary>Makes loggers whose lines are exported.</summary>
    public ILoggerFactory Loggers => _sdk.GetLoggerFactory();

    /// <summary>Begins the export, as the environment says.</summary>
    /// <param name="service">The service's name, unless OTEL_SERVICE_NAME gives another.</param>
    /// <returns>Null when no receiver is named.</returns>
    /// <exception cref="OptionsValidationException">A variable says what cannot be.</exception>
    public static ConsoleTelemetry? Start(string service) => Start(service, new ConfigurationBuilder().AddEnvironmentVariables().Build());

    internal static ConsoleTelemetry? Start(string service, IConfiguration configuration)
    {
        var signals = OtlpSignals.Of(configuration);
        if (!signals.Any) return null;
        using var provider = new ServiceCollection().AddSingleton(configuration).AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section).BuildServiceProvider();
        var options = provider.GetRequiredService<TelemetryOptions>();
        return new ConsoleTelemetry(
            OpenTelemetrySdk.Create(builder =>
            {
                builder.Services.AddSingleton(configuration);
                builder.AddTally(service, configuration, signals);
            }),
            options.FlushTimeout);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TelemetryEnd.ShutdownAsync(_sdk.TracerProvider, _sdk.MeterProvider, _sdk.LoggerProvider, _flushTimeout).GetAwaiter().GetResult();
        _sdk.Dispose();
    }
}
