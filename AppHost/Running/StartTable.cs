using System.Globalization;
using Tally.AppHost.Infrastructure;

namespace Tally.AppHost.Running;

/// <summary>What runs where, and how to get at it: lines that can be copied. Passwords are read from their files by who copies.</summary>
internal static class StartTable
{
    /// <summary>The table's lines.</summary>
    public static IReadOnlyList<string> Lines(DistributedApplicationModel model, RunOptions options, DataDirectory data, TimeSpan taken)
    {
        var mqtt = model.Resources.OfType<IMosquittoResource>().Single().Endpoint;
        var database = model.Resources.OfType<TelemetryDatabase>().Single().Endpoint;
        (string Name, string Value)[] telemetry = options switch
        {
            _ when TelemetryVariables.UsersReceiver is { } receiver => [("telemetry to", receiver)],
            { Dashboard: true } => [("dashboard", DashboardVariables.Page)],
            _ => [],
        };
        IEnumerable<(string Name, string Value)> rows =
        [
            ("web page", PageOf(model).AbsoluteUri),
            .. options.Dashboard && TelemetryVariables.UsersReceiver is not null ? [("dashboard", DashboardVariables.Page)] : Array.Empty<(string, string)>(),
            .. telemetry,
            ("broker", $"127.0.0.1:{mqtt.Port}"),
            ("  to watch", $"mosquitto_sub -h 127.0.0.1 -p {mqtt.Port} -u viewer -P \"$(cat {Secret("viewer")})\" -v -t 'telemetry/#'"),
            ("  to publish", $"mosquitto_pub -h 127.0.0.1 -p {mqtt.Port} -u device -P \"$(cat {Secret("device")})\" -q 1 -t home/temperature -m 'Temperature: 23.5°C'"),
            ("database", $"127.0.0.1:{database.Port}"),
            ("  to look in", $"PGPASSWORD=\"$(cat {Secret(TelemetryDatabase.Reader)})\" psql -h 127.0.0.1 -p {database.Port} -U {TelemetryDatabase.Reader} {TelemetryDatabase.DatabaseName}"),
            ("data", options.Containers ? $"volumes {data.VolumeOf(TallyModel.Mosquitto)}, {data.VolumeOf(TallyModel.Postgres)}" : data.Servers),
            ("logs", data.Logs),
        ];
        return
        [
            "",
            string.Create(CultureInfo.InvariantCulture, $"Tally is up after {taken.TotalSeconds:0.0} s."),
            .. rows.Select(row => $"  {row.Name,-12} {row.Value}"),
            "",
        ];

        string Secret(string user) => Path.GetRelativePath(Environment.CurrentDirectory, data.SecretFileOf(user)) is var near && near.Length < data.SecretFileOf(user).Length
            ? near : data.SecretFileOf(user);
    }

    /// <summary>Address of the web page.</summary>
    public static Uri PageOf(DistributedApplicationModel model) =>
        new($"http://127.0.0.1:{model.Resources.OfType<IResourceWithEndpoints>().Single(resource => resource.Name == TallyModel.QueryApi).GetEndpoint("http").Port}/");
}
