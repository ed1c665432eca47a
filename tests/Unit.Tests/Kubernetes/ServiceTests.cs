using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Npgsql;
using Shouldly;
using System.Text.RegularExpressions;
using Tally.AckResponder;
using Tally.Ingest;
using Tally.Mqtt;
using Tally.QueryApi;
using Tally.ServiceDefaults;
using Tally.ServiceDefaults.Telemetry;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>What the manifests say to the services is what the services understand.</summary>
[Trait("Needs", "kubectl")]
public sealed partial class ServiceTests
{
    // What each cannot do without; the rest has defaults.
    private static readonly Dictionary<string, string[]> Required = new()
    {
        ["ingest"] = ["Ingest__Instance", "ConnectionStrings__mqtt", "Mqtt__Password", "ConnectionStrings__telemetry", "PGPASSWORD", "ASPNETCORE_HTTP_PORTS", "OTEL_SERVICE_NAME"],
        ["migrate"] = ["ConnectionStrings__telemetry", "PGPASSWORD", "OTEL_SERVICE_NAME"],
        ["ackresponder"] = ["ConnectionStrings__mqtt", "Mqtt__Password", "ASPNETCORE_HTTP_PORTS", "OTEL_SERVICE_NAME"],
        ["queryapi"] = ["ConnectionStrings__telemetry", "PGPASSWORD", "ASPNETCORE_HTTP_PORTS", "OTEL_SERVICE_NAME"],
        ["simulator"] = ["ConnectionStrings__mqtt", "Mqtt__Password", "services__queryapi__http__0", "OTEL_SERVICE_NAME"],
    };

    private static readonly Dictionary<string, Type> Sections = new()
    {
        [IngestOptions.Section] = typeof(IngestOptions),
        ["Storage"] = typeof(StorageOptions),
        ["Partitions"] = typeof(PartitionOptions),
        [AckResponderOptions.Section] = typeof(AckResponderOptions),
        ["QueryApi"] = typeof(QueryApiOptions),
        [TelemetryOptions.Section] = typeof(TelemetryOptions),
    };

    public static TheoryData<string> Overlays => Overlay.All;

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_service_is_there(string name)
    {
        string[] optional = name == "local" ? ["simulator"] : [];
        Overlay.Render(name).Workloads.Where(workload => workload.Main.IsOurs).Select(workload => workload.Name)
            .ShouldBe(Required.Keys.Where(service => service != "simulator").Concat(optional), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_variable_that_a_service_requires_is_set(string name)
    {
        foreach (var workload in OursOf(name))
        {
            workload.Main.VariableNames.ShouldBeUnique(workload.ToString());
            Required[workload.Name].Except(workload.Main.VariableNames).ShouldBeEmpty(workload.ToString());
            workload.Main.Value("OTEL_SERVICE_NAME").ShouldBe(workload.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_setting_is_one_that_there_is(string name)
    {
        foreach (var workload in OursOf(name))
        {
            foreach (var variable in workload.Main.VariableNames.Where(variable => variable!.Contains("__", StringComparison.Ordinal)))
            {
                var path = variable!.Split("__");
                if (Sections.TryGetValue(path[0], out var options)) options.GetProperty(path[1]).ShouldNotBeNull($"{workload}: {variable}");
                else path[0].ShouldBeOneOf("ConnectionStrings", "Mqtt", "Logging", "services");
            }

            // Refuses what it does not know below Mqtt:Tls.
            MqttSettings.From(workload.Main.Variables.Where(variable => variable["name"].Text!.StartsWith("Mqtt__", StringComparison.Ordinal))
                .Select(variable => KeyValuePair.Create(variable["name"].Text!["Mqtt__".Length..].Replace("__", ":", StringComparison.Ordinal), variable["value"].Text)));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void A_variable_is_defined_before_another_refers_to_it(string name)
    {
        foreach (var (workload, container) in Overlay.Render(name).Containers)
        {
            var defined = new HashSet<string>();
            foreach (var variable in container.Variables)
            {
                foreach (Match reference in Reference().Matches(variable["value"].Text ?? "")) defined.ShouldContain(reference.Groups[1].Value, $"{workload}: {variable["name"]}");
                defined.Add(variable["name"].Text!);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_instance_of_Ingest_is_named_after_its_pod_and_shares_where_there_are_several(string name)
    {
        var ingest = Overlay.Render(name).Workload("ingest");
        ingest.Kind.ShouldBe("StatefulSet");
        ingest.Main.Variables.Single(variable => variable["name"].Text == "Ingest__Instance").Down("valueFrom.fieldRef.fieldPath").Text.ShouldBe("metadata.name");
        var replicas = int.Parse(ingest.Manifest.Down("spec.replicas").Text!, System.Globalization.CultureInfo.InvariantCulture);
        string.IsNullOrEmpty(ingest.Main.Value("Ingest__SharedGroup")).ShouldBe(replicas == 1);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_broker_is_where_its_clients_look_for_it_and_knows_them(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var workload in OursOf(name))
        {
            if (workload.Main.Value("ConnectionStrings__mqtt") is not { } text) continue;
            MqttAddress.TryParse(text, out var address, out var problem).ShouldBeTrue(problem);
            address!.UserInfo.ShouldBe(workload.Name);
            ServicePort(overlay, address.Host, address.Port).ShouldBe(overlay.Workload(overlay.Selected(overlay.Find("Service", address.Host)).Single().Name).Main.Port(address.Scheme), workload.ToString());
            var password = workload.Main.Variables.Single(variable => variable["name"].Text == "Mqtt__Password").Down("valueFrom.secretKeyRef");
            (password["name"].Text, password["key"].Text).ShouldBe(("broker-users", workload.Name));
            (workload.Main.Value("Mqtt__Tls__CaFile") is not null).ShouldBe(address.Scheme == "mqtts", workload.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_database_is_named_alike_everywhere(string name)
    {
        var overlay = Overlay.Render(name);
        var texts = OursOf(name).Select(workload => workload.Main.Value("ConnectionStrings__telemetry")).OfType<string>().Distinct();
        var settings = new NpgsqlConnectionStringBuilder(texts.ShouldHaveSingleItem());
        settings.Username.ShouldBe("tally");
        settings.Database.ShouldBe("telemetry");
        settings.Password.ShouldBeNull(); // it comes by PGPASSWORD, in which nothing has to be quoted
        if (overlay.Workloads.FirstOrDefault(workload => workload.Name == "postgres") is { } postgres)
        {
            ServicePort(overlay, settings.Host!, settings.Port).ShouldBe(postgres.Main.Port("postgres"));
            (postgres.Main.Value("POSTGRES_USER"), postgres.Main.Value("POSTGRES_DB")).ShouldBe((settings.Username, settings.Database));
        }
        else if (overlay.Find("Cluster", "postgres") is { Exists: true } cluster)
        {
            settings.Host.ShouldBe("postgres-rw"); // the name that the operator gives to the primary
            (cluster.Down("spec.bootstrap.initdb.owner").Text, cluster.Down("spec.bootstrap.initdb.database").Text).ShouldBe((settings.Username, settings.Database));
        }
        else
        {
            settings.SslMode.ShouldBe(SslMode.VerifyFull); // it stands outside
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_probe_asks_for_a_path_that_the_service_has_on_the_port_it_listens_on(string name)
    {
        var paths = HealthPaths();
        foreach (var workload in OursOf(name).Where(workload => workload.Main.Listens))
        {
            var main = workload.Main;
            foreach (var (probe, path) in new[] { ("startupProbe", "/health/live"), ("livenessProbe", "/health/live"), ("readinessProbe", "/health/ready") })
            {
                var get = main.Manifest[probe]["httpGet"];
                get["path"].Text.ShouldBe(path, $"{workload} {probe}");
                paths.ShouldContain(path);
                main.Port(get["port"].Text).ShouldBe(main.Value("ASPNETCORE_HTTP_PORTS"), $"{workload} {probe}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_service_of_ours_is_reached_on_the_port_that_others_ask(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var workload in OursOf(name).Where(workload => workload.Main.Listens))
            ServicePort(overlay, workload.Name, 8080).ShouldBe(workload.Main.Value("ASPNETCORE_HTTP_PORTS"), workload.ToString());
        if (OursOf(name).FirstOrDefault(workload => workload.Name == "simulator") is not { } simulator) return;
        var api = new Uri(simulator.Main.Value("services__queryapi__http__0")!);
        ServicePort(overlay, api.Host, api.Port).ShouldBe(overlay.Workload("queryapi").Main.Value("ASPNETCORE_HTTP_PORTS"));
    }

    private static IEnumerable<Workload> OursOf(string overlay) => Overlay.Render(overlay).Workloads.Where(workload => workload.Main.IsOurs);

    /// <summary>The container's port behind a port of a Service; null where there is none.</summary>
    private static string? ServicePort(Overlay overlay, string host, int port)
    {
        var service = overlay.Find("Service", host);
        service.Exists.ShouldBeTrue($"{overlay.Name}: there is no Service '{host}'");
        var target = service.Down("spec.ports").Items.FirstOrDefault(one => one["port"].Text == $"{port}")["targetPort"].Text;
        return overlay.Selected(service).Select(workload => workload.Main.Port(target)).FirstOrDefault();
    }

    private static IReadOnlyList<string?> HealthPaths()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddServiceDefaults();
        var app = builder.Build();
        app.MapHealthEndpoints();
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern.RawText)];
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
