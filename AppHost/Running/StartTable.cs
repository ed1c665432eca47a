using System.Globalization;
using Tally.AppHost.Infrastructure;

namespace Tally.AppHost.Running;

/// <summary>What runs where, and how to get at it: lines that can be copied. Passwords are read from their files by who copies.</summary>
internal static class StartTable
{
    public static IReadOnlyList<string> Lines(DistributedApplicationModel model, RunOptions options, DataDirectory data, TimeSpan taken)
    {
        var (mqtt, sql) = (PortOf(model, TallyModel.Mosquitto), PortOf(model, TallyModel.Postgres));
        List<(string Name, string Value)> rows = [("web page", PageOf(model))];
        if (options.Dashboard) rows.Add(("dashboard", Telemetry.DashboardPage));
        if (Telemetry.UsersReceiver is { } receiver) rows.Add(("telemetry to", receiver));
        rows.AddRange(
        [
            ("broker", $"127.0.0.1:{mqtt}"),
            ("  to watch", $"mosquitto_sub -h 127.0.0.1 -p {mqtt} -u viewer -P \"$(cat {Secret("viewer")})\" -v -t 'telemetry/#'"),
            ("  to publish", $"mosquitto_pub -h 127.0.0.1 -p {mqtt} -u device -P \"$(cat {Secret("device")})\" -q 1 -t home/temperature -m 'Temperature: 23.5°C'"),
            ("database", $"127.0.0.1:{sql}"),
            ("  to look in", $"PGPASSWORD=\"$(cat {Secret(Database.Reader)})\" psql -h 127.0.0.1 -p {sql} -U {Database.Reader} {Database.Telemetry}"),
            ("data", options.Containers ? $"volumes {data.VolumeOf(TallyModel.Mosquitto)}, {data.VolumeOf(TallyModel.Postgres)}" : data.Servers),
            ("logs", data.Logs),
        ]);
        return ["", string.Create(CultureInfo.InvariantCulture, $"Tally is up after {taken.TotalSeconds:0.0} s."), .. rows.Select(row => $"  {row.Name,-12} {row.Value}"), ""];

        string Secret(string user) => // the shorter one: from the clone, a path within it
            ((string[])[data.SecretFileOf(user), Path.GetRelativePath(Environment.CurrentDirectory, data.SecretFileOf(user))]).MinBy(path => path.Length)!;
    }

    public static string PageOf(DistributedApplicationModel model) => $"http://127.0.0.1:{PortOf(model, TallyModel.QueryApi)}/";

    private static int PortOf(DistributedApplicationModel model, string name) =>
        model.Resources.OfType<IResourceWithEndpoints>().Single(resource => resource.Name == name).GetEndpoints().First().Port;
}
