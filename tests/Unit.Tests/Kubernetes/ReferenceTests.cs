using Shouldly;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>What a manifest names is there.</summary>
[Trait("Needs", "kubectl")]
public sealed class ReferenceTests
{
    public static TheoryData<string> Overlays => Overlay.All;

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_key_of_a_Secret_or_ConfigMap_that_a_variable_refers_to_exists(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var (workload, container) in overlay.Containers)
        {
            foreach (var variable in container.Variables)
            {
                foreach (var (kind, field) in new[] { ("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef") })
                {
                    var reference = variable["valueFrom"][field];
                    if (!reference.Exists) continue;
                    reference["optional"].Exists.ShouldBeFalse($"{workload}: {variable["name"]}");
                    Overlay.Keys(overlay.Find(kind, reference["name"].Text)).ShouldContain(reference["key"].Text, $"{workload}: {variable["name"]}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_volume_that_is_mounted_exists_and_so_does_what_fills_it(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var workload in overlay.Workloads)
        {
            foreach (var container in workload.Containers)
                container.Manifest["volumeMounts"].Items.Select(mount => mount["name"].Text).Except(workload.Volumes).ShouldBeEmpty($"{workload} {container.Name}");
            foreach (var volume in workload.Pod["volumes"].Items)
            {
                if (volume.Down("configMap.name").Text is { } map) overlay.Find("ConfigMap", map).Exists.ShouldBeTrue($"{workload}: {map}");
                if (volume.Down("secret.secretName").Text is { } secret) overlay.Find("Secret", secret).Exists.ShouldBeTrue($"{workload}: {secret}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_Service_leads_to_a_port_of_its_pods(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var service in overlay.Of("Service"))
        {
            var pods = overlay.Selected(service).ToList();
            pods.ShouldNotBeEmpty(service.Down("metadata.name").Text!);
            foreach (var port in service.Down("spec.ports").Items)
                pods.ShouldAllBe(pod => pod.Main.Port(port["targetPort"].Text) != null, service.Down("metadata.name").Text!);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_StatefulSet_has_its_Service(string name)
    {
        var overlay = Overlay.Render(name);
        foreach (var set in overlay.Workloads.Where(workload => workload.Kind == "StatefulSet"))
            overlay.Find("Service", set.Manifest.Down("spec.serviceName").Text).Exists.ShouldBeTrue(set.ToString());
    }
}
