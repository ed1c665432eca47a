using Shouldly;
using System.Text.RegularExpressions;
using Tally.AppHost;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>
/// AppHost and the manifests describe the same thing: services, ports, variables. AppHost's description is read as text, because making
/// its resources wants a broker and a database.
/// </summary>
[Trait("Needs", "kubectl")]
public sealed partial class AppHostTests
{
    // How the port is said: AppHost gives an address on loopback, an image listens on a port of all addresses. Replicas that share are an overlay of their own.
    private static readonly string[] OnlyInAppHost = ["ASPNETCORE_URLS", "Ingest__SharedGroup"];

    // Names of their own, because an instance is a pod; passwords beside the addresses, because Secrets are; how long a new volume may take.
    private static readonly string[] OnlyInManifests = ["ASPNETCORE_HTTP_PORTS", "Ingest__Instance", "Mqtt__Password", "PGPASSWORD", "Ingest__DatabaseWait"];

    private static readonly string Model = Read("AppHost/TallyModel.cs");

    [Fact]
    public void They_name_the_same_resources()
    {
        var manifests = Overlay.Render("local").Workloads.Select(workload => workload.Name).ToList();
        string[] names = [TallyModel.Mosquitto, TallyModel.Postgres, TallyModel.Migrate, TallyModel.AckResponder, TallyModel.QueryApi, TallyModel.Simulator, .. TallyModel.IngestNames(1)];
        names.ShouldBe(manifests, ignoreOrder: true);
    }

    [Fact]
    public void They_name_the_same_ports()
    {
        var overlay = Overlay.Render("local");
        foreach (var (service, port) in new[] { ("mosquitto", Port("the broker")), ("postgres", Port("the database")), ("queryapi", PagePort) })
            overlay.Find("Service", service).Down("spec.ports").Items.ShouldHaveSingleItem()["port"].Text.ShouldBe(port, service);
    }

    [Fact]
    public void They_name_the_same_variables()
    {
        var manifests = Overlay.Render("local").Workloads.Where(workload => workload.Main.IsOurs).SelectMany(workload => workload.Main.VariableNames).OfType<string>()
            .Where(name => !name.StartsWith("OTEL_", StringComparison.Ordinal)) // TelemetryVariables, which Aspire has too
            .Distinct();
        var appHost = Variable().Matches(Model).Select(match => match.Groups[1].Value).Where(name => !name.StartsWith("OTEL_", StringComparison.Ordinal)).Distinct();
        manifests.Except(OnlyInManifests).ShouldBe(appHost.Except(OnlyInAppHost).Except(OnlyInManifests), ignoreOrder: true);
    }

    private static string Port(string what) => Regex.Match(Model, $@"Choose\(""{what}"", (\d+)").Groups[1].Value;

    private static string PagePort => Regex.Match(Read("AppHost/CommandLine.cs"), @"Whole\(""--port"", ""[^""]*"", (\d+)").Groups[1].Value;

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"WithEnvironment\(""(\w+)""")]
    private static partial Regex Variable();
}
