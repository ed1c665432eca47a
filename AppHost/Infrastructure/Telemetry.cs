using Tally.AppHost.Running;
using Tally.ServiceDefaults;

namespace Tally.AppHost.Infrastructure;

/// <summary>Where telemetry goes: to a receiver of the user's own, else to the dashboard, else nowhere.</summary>
internal static class Telemetry
{
    // Milliseconds between two exports. Who looks at the dashboard wants to see numbers move, so metrics do not keep their default of a minute; but an export costs
    // a service some 2.4 ms of processor time whatever has happened, so none takes Aspire's second either. Spans and logs have their default.
    public static readonly (string Name, string Value)[] Intervals =
        [("OTEL_METRIC_EXPORT_INTERVAL", "10000"), ("OTEL_BSP_SCHEDULE_DELAY", "5000"), ("OTEL_BLRP_SCHEDULE_DELAY", "5000")];

    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", PageVariable = "ASPNETCORE_URLS";
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    public static string? UsersReceiver { get; } = Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 } receiver ? receiver : null; // null: nowhere
    public static string DashboardPage => Environment.GetEnvironmentVariable(PageVariable)!.Split(';')[0];

    /// <summary>Changes what Aspire gives a service.</summary>
    public static IResourceBuilder<ExecutableResource> WithTelemetry(this IResourceBuilder<ExecutableResource> service, bool dashboard) => service.WithOtlpExporter().WithEnvironment(context =>
    {
        var variables = context.EnvironmentVariables;
        if (UsersReceiver is not null || !dashboard)
        {
            // What the service inherits from us is the user's.
            foreach (var name in variables.Keys.Where(name => name.StartsWith("OTEL_EXPORTER_", StringComparison.Ordinal)).ToList()) variables.Remove(name);
        }

        foreach (var (name, value) in Intervals) variables[name] = Environment.GetEnvironmentVariable(name) ?? value;
    });

    /// <summary>Sets what the launch profile sets (Properties/launchSettings.json), for a start that knows no profiles: <c>run.sh</c> starts the program itself.</summary>
    public static void PrepareDashboard(Ports ports)
    {
        if (Environment.GetEnvironmentVariable(PageVariable) is { Length: > 0 }) return;
        foreach (var (name, value) in ((string, string)[])
                 [
                     (PageVariable, $"http://127.0.0.1:{ports.Choose("the dashboard", 18_888)}"),
                     ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", $"http://127.0.0.1:{ports.Choose("its receiver of telemetry", 4317)}"),
                     ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", $"http://127.0.0.1:{ports.Choose("its source of resources", 18_887)}"),
                     ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"), // loopback only, as the next
                     ("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS", "true"),
                     ("DASHBOARD__OTLP__SUPPRESSUNSECUREDMESSAGE", "true"),
                     ("DASHBOARD__TELEMETRYLIMITS__MAXTRACECOUNT", "20000"), // twice its default: several runs of a million, 200 MB when it is full
                 ])
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) Environment.SetEnvironmentVariable(name, value);
        }
    }

    /// <summary>Says in one line that nobody answers where the user sends telemetry: exporters only drop it.</summary>
    public static async Task SayWhoDoesNotAnswerAsync(Screen screen)
    {
        if (Uri.TryCreate(UsersReceiver, UriKind.Absolute, out var address) && await Probes.ListenerAsync(address, AnswerTimeout) is not null)
            screen.Say($"Nobody answers at {UsersReceiver} ({Endpoint}): telemetry is lost until somebody does.");
    }
}
