using System.Net.Sockets;
using Tally.AppHost.Running;

namespace Tally.AppHost.Infrastructure;

/// <summary>What services are told about their telemetry. What the user has set goes before the dashboard.</summary>
/// <param name="dashboard">There is a dashboard to send it to.</param>
internal sealed class TelemetryVariables(bool dashboard)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Times between two exports, in milliseconds. Who looks at the dashboard wants to see numbers move, so metrics do not keep their default of a minute; but an
    /// export costs a service some 2.4 ms of processor time whatever has happened, so none takes Aspire's second either. Spans and logs have their default.
    /// </summary>
    public static readonly (string Name, string Value)[] Intervals =
        [("OTEL_METRIC_EXPORT_INTERVAL", "10000"), ("OTEL_BSP_SCHEDULE_DELAY", "5000"), ("OTEL_BLRP_SCHEDULE_DELAY", "5000")];

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Where the user sends telemetry; null: nowhere.</summary>
    public static string? UsersReceiver { get; } = Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 } receiver ? receiver : null;

    /// <summary>Changes what Aspire gives a service.</summary>
    public void Change(EnvironmentCallbackContext context)
    {
        var variables = context.EnvironmentVariables;
        if (UsersReceiver is not null)
        {
            foreach (var name in (string[])[Endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS"])
            {
                variables.Remove(name); // AppHost's own, which the service inherits, are the user's
            }
        }
        else if (!dashboard)
        {
            foreach (var name in variables.Keys.Where(name => name.StartsWith("OTEL_EXPORTER_", StringComparison.Ordinal)).ToList()) variables.Remove(name);
        }

        foreach (var (name, value) in Intervals) variables[name] = Environment.GetEnvironmentVariable(name) ?? value;
    }

    /// <summary>Says in one line that nobody answers where the user sends telemetry: exporters only drop it.</summary>
    public static async Task SayWhoDoesNotAnswerAsync(Screen screen, CancellationToken cancellationToken)
    {
        if (UsersReceiver is null || !Uri.TryCreate(UsersReceiver, UriKind.Absolute, out var address)) return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTimeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            screen.Say($"Nobody answers at {UsersReceiver} ({Endpoint}): telemetry is lost until somebody does.");
        }
    }
}
