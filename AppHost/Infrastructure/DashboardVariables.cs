using Tally.AppHost.Running;

namespace Tally.AppHost.Infrastructure;

/// <summary>
/// What the launch profile sets (Properties/launchSettings.json), for a start without one: <c>run.sh</c> starts the program itself, which
/// knows no profiles.
/// </summary>
internal static class DashboardVariables
{
    private const string Addresses = "ASPNETCORE_URLS";

    /// <summary>Address of the dashboard.</summary>
    public static string Page => Environment.GetEnvironmentVariable(Addresses)!.Split(';')[0];

    /// <summary>Sets the variables, unless something has said where the dashboard shall be.</summary>
    public static void SetWhereThereAreNone(Ports ports)
    {
        if (Environment.GetEnvironmentVariable(Addresses) is { Length: > 0 }) return;
        foreach (var (name, value) in ((string, string)[])
                 [
                     (Addresses, $"http://127.0.0.1:{ports.Choose("the dashboard", 18_888)}"),
                     ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", $"http://127.0.0.1:{ports.Choose("its receiver of telemetry", 4317)}"),
                     ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", $"http://127.0.0.1:{ports.Choose("its source of resources", 18_887)}"),
                     ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"), // loopback only, as the next
                     ("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS", "true"),
                 ])
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) Environment.SetEnvironmentVariable(name, value);
        }
    }
}
