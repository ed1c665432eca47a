using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// What is to be exported: a signal goes out when an address is given for it, by OpenTelemetry's own variables
/// (opentelemetry.io/docs/specs/otel/protocol/exporter). Everything else about the export (protocol, headers, intervals) the exporter reads itself.
/// </summary>
internal readonly record struct OtlpSignals(bool Traces, bool Metrics, bool Logs)
{
    private const string CommonEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Whether anything is.</summary>
    public bool Any => Traces || Metrics || Logs;

    /// <summary>Reads the variables.</summary>
    /// <exception cref="OptionsValidationException">An address is none: the exporter would say nothing and send to localhost.</exception>
    public static OtlpSignals Of(IConfiguration configuration) => configuration.GetValue("OTEL_SDK_DISABLED", false)
        ? default
        : new OtlpSignals(IsAskedFor(configuration, "TRACES"), IsAskedFor(configuration, "METRICS"), IsAskedFor(configuration, "LOGS"));

    private static bool IsAskedFor(IConfiguration configuration, string signal) =>
        configuration[$"OTEL_{signal}_EXPORTER"] != "none"
        && (IsEndpoint(configuration, $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") || IsEndpoint(configuration, CommonEndpoint));

    private static bool IsEndpoint(IConfiguration configuration, string name)
    {
        var text = configuration[name];
        if (string.IsNullOrWhiteSpace(text)) return false;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)) return true;
        throw new OptionsValidationException(name, typeof(Uri), [$"{name} is '{text}': expected http://host:port or https://host:port of an OTLP receiver, or nothing at all."]);
    }
}
