using Shouldly;
using System.Text.RegularExpressions;
using Tally.AppHost.Infrastructure;
using Tally.Unit.Tests.Containers;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>Images by the tags that they are built and pinned with, and never fetched anew where they are on the node.</summary>
[Trait("Needs", "kubectl")]
public sealed partial class ImageTests
{
    public static TheoryData<string> Overlays => Overlay.All;

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Images_on_the_node_are_taken_as_they_are(string name)
    {
        foreach (var (workload, container) in Overlay.Render(name).Containers)
        {
            container.Manifest["imagePullPolicy"].Text.ShouldBe("IfNotPresent", $"{workload} {container.Name}");
            container.Image.ShouldContain(':');
            container.Image.ShouldNotContain(":latest");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Third_party_images_are_those_of_images_env(string name)
    {
        var known = ThirdPartyImages.OfRepository().Values;
        foreach (var (workload, container) in Overlay.Render(name).Containers.Where(one => !one.Container.IsOurs))
            known.ShouldContain(container.Image, $"{workload} {container.Name}");
        foreach (var cluster in Overlay.Render(name).Of("Cluster")) known.ShouldContain(cluster.Down("spec.imageName").Text!);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Our_images_are_those_that_the_script_builds(string name)
    {
        var script = File.ReadAllText(Path.Combine(Repository.Root, "scripts", "images.sh"));
        var version = Version().Match(script).Groups[1].Value;
        var built = Built().Matches(script).Select(match => $"tally/{match.Groups[1].Value}:{version}").ToList();
        foreach (var (_, container) in Overlay.Render(name).Containers.Where(one => one.Container.IsOurs)) built.ShouldContain(container.Image);
    }

    [GeneratedRegex(@"^version=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Version();

    [GeneratedRegex(@"\b[A-Z]\w+:([a-z]+)\b")]
    private static partial Regex Built();
}
