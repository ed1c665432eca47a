using System.Globalization;
using Npgsql;

namespace Tally.AppHost.Local;

/// <summary>What runs where, and how to get at it: lines that can be copied.</summary>
internal static class StartTable
{
    /// <summary>The table's lines.</summary>
    public static IReadOnlyList<string> Lines(LocalResources resources, LocalData data, TimeSpan taken)
    {
        var viewer = resources.Broker.AddressOf("viewer");
        var device = resources.Broker.AddressOf("device");
        var connectionString = resources.Server.ConnectionStringOf(LocalResources.Database);
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        List<(string Name, string Value)> rows =
        [
            ("web page", resources.Page.AbsoluteUri),
            .. resources.Telemetry is { } telemetry ? [(resources.Dashboard is null ? "telemetry to" : "dashboard", telemetry)] : Array.Empty<(string, string)>(),
            ("broker", $"{viewer.Host}:{viewer.Port}"),
            ("  to watch", $"mosquitto_sub -h {viewer.Host} -p {viewer.Port} -u viewer -P {PasswordOf(viewer)} -v -t 'telemetry/#'"),
            ("  to publish", $"mosquitto_pub -h {device.Host} -p {device.Port} -u device -P {PasswordOf(device)} -q 1 -t home/temperature -m 'Temperature: 23.5°C'"),
            ("database", connectionString),
            ("  to look in", $"PGPASSWORD={database.Password} psql -h {database.Host} -p {database.Port} -U {database.Username} {database.Database}"),
            ("data", data.Servers),
            ("logs", data.Logs),
        ];
        return
        [
            "",
            string.Create(CultureInfo.InvariantCulture, $"Tally is up after {taken.TotalSeconds:0.0} s."),
            .. rows.Select(row => $"  {row.Name,-12} {row.Value}"),
            "",
        ];
    }

    private static string PasswordOf(Uri address) => address.UserInfo.Split(':')[1];
}
