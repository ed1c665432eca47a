using System.Collections;
using System.Security.Cryptography;

namespace Tally.AppHost.Local;

/// <summary>What a service is told about its telemetry: the variables that Aspire gives in development, by the same names. What the user has set goes before.</summary>
internal sealed class TelemetryVariables
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES";

    // In milliseconds. Who looks at the page wants to see numbers move, so not the default of a minute; but an export costs a service some 2.4 ms of
    // processor time whatever has happened, so not Aspire's second either. Spans and logs keep their default of 5 s.
    private const string MetricInterval = "10000";

    private readonly IReadOnlyDictionary<string, string> _user;

    // Of one start: what is started again during it is the same instance, with a new life.
    private readonly string _instance = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8);

    /// <param name="user">Environment of AppHost, which all children inherit.</param>
    public TelemetryVariables(IReadOnlyDictionary<string, string> user) => _user = user;

    /// <summary>Where the user sends telemetry, for all or for one signal; null: nowhere.</summary>
    public string? UsersReceiver => new[] { Endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" }
        .Select(name => _user.GetValueOrDefault(name)).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    /// <summary>Those of this process.</summary>
    public static TelemetryVariables OfEnvironment() => new(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? ""));

    /// <summary>Gives them to a service.</summary>
    /// <param name="environment">Environment of the service.</param>
    /// <param name="name">Its name.</param>
    /// <param name="receiver">The dashboard's receiver; null: there is none.</param>
    public void AddTo(Dictionary<string, string> environment, string name, Uri? receiver)
    {
        environment["OTEL_SERVICE_NAME"] = name;
        if (receiver is null) return;
        environment[Endpoint] = receiver.OriginalString;
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        var given = _user.GetValueOrDefault(ResourceAttributes);
        environment[ResourceAttributes] = $"{(string.IsNullOrWhiteSpace(given) ? "" : given + ",")}service.instance.id={_instance}";
        foreach (var (variable, value) in ((string, string)[])
                 [
                     ("OTEL_METRIC_EXPORT_INTERVAL", MetricInterval), ("OTEL_TRACES_SAMPLER", "always_on"), ("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based"),
                     ("Logging__OpenTelemetry__LogLevel__Tally", "Debug"), // what is said about a traced batch too
                 ])
        {
            if (!_user.ContainsKey(variable)) environment[variable] = value;
        }
    }
}
