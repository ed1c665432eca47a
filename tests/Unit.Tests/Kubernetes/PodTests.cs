using Shouldly;
using Tally.Ingest;
using Tally.ServiceDefaults.Telemetry;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>What holds for every pod of every overlay.</summary>
[Trait("Needs", "kubectl")]
public sealed class PodTests
{
    public static TheoryData<string> Overlays => Overlay.All;

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_namespace_takes_restricted_pods_only(string name)
    {
        var overlay = Overlay.Render(name);
        var space = overlay.Of("Namespace").ShouldHaveSingleItem();
        foreach (var mode in new[] { "enforce", "audit", "warn" })
            space.Down("metadata.labels")[$"pod-security.kubernetes.io/{mode}"].Text.ShouldBe("restricted");
        overlay.Workloads.ShouldAllBe(workload => workload.Manifest.Down("metadata.namespace").Text == space.Down("metadata.name").Text);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_pod_is_restricted_and_has_no_token(string name)
    {
        var overlay = Overlay.Render(name);
        overlay.Workloads.ShouldNotBeEmpty();
        foreach (var workload in overlay.Workloads)
        {
            var security = workload.Pod["securityContext"];
            security["runAsNonRoot"].Text.ShouldBe("true", workload.ToString());
            security.Down("seccompProfile.type").Text.ShouldBe("RuntimeDefault", workload.ToString());
            security["runAsUser"].Text.ShouldNotBeNull(workload.ToString());
            workload.Pod["automountServiceAccountToken"].Text.ShouldBe("false", workload.ToString());
            workload.Pod["volumes"].Items.ShouldAllBe(volume => volume["emptyDir"].Exists || volume["configMap"].Exists || volume["secret"].Exists);
            foreach (var outside in new[] { "hostNetwork", "hostPID", "hostIPC" }) workload.Pod[outside].Exists.ShouldBeFalse(workload.ToString());
        }

        foreach (var (workload, container) in overlay.Containers)
        {
            var (security, where) = (container.Manifest["securityContext"], $"{workload} {container.Name}");
            security["allowPrivilegeEscalation"].Text.ShouldBe("false", where);
            security["readOnlyRootFilesystem"].Text.ShouldBe("true", where);
            security.Down("capabilities.drop").Items.Select(one => one.Text).ShouldBe(["ALL"], where);
            security.Down("capabilities.add").Exists.ShouldBeFalse(where);
            security["privileged"].Exists.ShouldBeFalse(where);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_container_has_requests_and_limits(string name)
    {
        foreach (var (workload, container) in Overlay.Render(name).Containers)
        {
            foreach (var kind in new[] { "requests", "limits" })
            {
                foreach (var resource in new[] { "cpu", "memory" })
                    container.Manifest.Down($"resources.{kind}.{resource}").Text.ShouldNotBeNull($"{workload} {container.Name}: {kind}.{resource}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_container_that_listens_has_three_probes(string name)
    {
        foreach (var (workload, container) in Overlay.Render(name).Containers.Where(one => one.Container.Listens))
        {
            foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
                container.Manifest[probe].Exists.ShouldBeTrue($"{workload} {container.Name}: {probe}");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_pod_has_longer_to_stop_than_what_is_in_it_takes(string name)
    {
        var overlay = Overlay.Render(name);
        var telemetry = new TelemetryOptions().FlushTimeout;
        var host = new Microsoft.Extensions.Hosting.HostOptions().ShutdownTimeout;
        var ingest = new IngestOptions().StopTimeout + TimeSpan.FromSeconds(10); // IngestRegistration: two sessions say goodbye
        foreach (var workload in overlay.Workloads.Where(workload => workload.Main.IsOurs))
        {
            var first = TimeSpan.FromSeconds(int.Parse(workload.Main.Manifest.Down("lifecycle.preStop.sleep.seconds").Text ?? "0", System.Globalization.CultureInfo.InvariantCulture));
            var own = workload.Name switch
            {
                "ingest" => ingest,
                "simulator" => TimeSpan.FromSeconds(5),
                _ => host,
            };
            workload.Grace.ShouldBeGreaterThan(first + own + telemetry, workload.ToString());
        }

        // What AppHost gives them (LocalResources): a queue of a gigabyte, a cache and a checkpoint to write.
        foreach (var workload in overlay.Workloads.Where(workload => workload.Name == "mosquitto")) workload.Grace.ShouldBeGreaterThan(TimeSpan.FromSeconds(30));
        foreach (var workload in overlay.Workloads.Where(workload => workload.Name == "postgres")) workload.Grace.ShouldBeGreaterThan(TimeSpan.FromSeconds(60));
    }
}
