using System.Globalization;
using System.Reflection;
using OpenTelemetry.Resources;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Who it is that sends.</summary>
internal static class ServiceResource
{
    /// <summary>
    /// Describes this process: name, version, and an instance that tells replicas and lives apart. OTEL_SERVICE_NAME and
    /// OTEL_RESOURCE_ATTRIBUTES win over it.
    /// </summary>
    public static ResourceBuilder Describe(ResourceBuilder builder, string service) => builder.Clear()
        .AddTelemetrySdk()
        .AddService(
            service,
            serviceVersion: Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            autoGenerateServiceInstanceId: false,
            serviceInstanceId: string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}"))
        .AddEnvironmentVariableDetector(); // the last one wins

    /// <summary>The service's name from its assembly's: <c>ingest</c> of <c>Tally.Ingest</c>.</summary>
    public static string NameOf(string application) => application[(application.LastIndexOf('.') + 1)..].ToLowerInvariant();
}
