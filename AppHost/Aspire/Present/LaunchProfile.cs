using Tally.AppHost.Local;

namespace Tally.AppHost.Aspire;

/// <summary>
/// What the launch profile sets (Properties/launchSettings.json), for a start without one: <c>run.sh</c> starts the program itself, which
/// knows no profiles.
/// </summary>
internal static class LaunchProfile
{
    private const string Addresses = "ASPNETCORE_URLS";

    /// <summary>Sets the variables, unless something has said where the dashboard shall be. Ports that are taken give way to free ones.</summary>
    public static void SetWhereThereIsNone()
    {
        if (Environment.GetEnvironmentVariable(Addresses) is { Length: > 0 }) return;
        foreach (var (name, value) in ((string, string)[])
                 [
                     (Addresses, At(18_888)),
                     ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", At(4317)),
                     ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", At(18_887)),
                     ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"), // loopback only
                     ("DOTNET_ENVIRONMENT", "Development"), // parameters are kept as user secrets in Development only
                 ])
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) Environment.SetEnvironmentVariable(name, value);
        }
    }

    private static string At(int port) => $"http://localhost:{FreePort.PreferablyAt(port)}";
}
