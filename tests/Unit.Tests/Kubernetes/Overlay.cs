using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Tally.AppHost.Infrastructure;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>An overlay, rendered by kubectl as a person would render it. Without kubectl its tests are skipped.</summary>
internal sealed class Overlay
{
    private static readonly ConcurrentDictionary<string, Lazy<Overlay>> Rendered = new();

    // Of a ConfigMap or Secret.
    private static readonly string[] Parts = ["data", "stringData", "binaryData"];

    private readonly List<Node> _objects;

    private Overlay(string name, string rendered)
    {
        Name = name;
        var yaml = new YamlStream();
        using var reader = new StringReader(rendered);
        yaml.Load(reader);
        _objects = [.. yaml.Documents.Select(document => new Node(document.RootNode))];
        Workloads = [.. _objects.Where(one => one.Down("spec.template.spec").Exists).Select(one => new Workload(one))];
    }

    /// <summary>Names of all overlays of the repository, for theories.</summary>
    public static TheoryData<string> All => [.. Directory.EnumerateDirectories(Home).Select(path => Path.GetFileName(path)).Order()];

    /// <summary>Its directory's name.</summary>
    public string Name { get; }

    /// <summary>All that makes pods of its own.</summary>
    public IReadOnlyList<Workload> Workloads { get; }

    /// <summary>All containers, with where they are.</summary>
    public IEnumerable<(Workload Workload, Container Container)> Containers =>
        Workloads.SelectMany(workload => workload.Containers.Select(container => (workload, container)));

    private static string Home => Path.Combine(Repository.Root, "k8s", "overlays");

    /// <summary>Renders one, once.</summary>
    public static Overlay Render(string name) => Rendered.GetOrAdd(name, name => new(() => new(name, Kustomize(name)))).Value;

    /// <summary>All objects of a kind.</summary>
    public IEnumerable<Node> Of(string kind) => _objects.Where(one => one["kind"].Text == kind);

    /// <summary>The object of that kind and name; an empty one where there is none.</summary>
    public Node Find(string kind, string? name) => Of(kind).FirstOrDefault(one => one.Down("metadata.name").Text == name);

    /// <summary>The workload of that name.</summary>
    public Workload Workload(string name) => Workloads.Single(workload => workload.Name == name);

    /// <summary>Names of the entries of a ConfigMap or Secret.</summary>
    public static IEnumerable<string> Keys(Node configuration) =>
        Parts.SelectMany(part => configuration[part].Fields).Select(field => field.Key);

    /// <summary>Pods that a Service selects.</summary>
    public IEnumerable<Workload> Selected(Node service) =>
        Workloads.Where(workload => service.Down("spec.selector").Fields.All(label => workload.Labels[label.Key].Text == label.Value.Text));

    private static string Kustomize(string name)
    {
        var start = new ProcessStartInfo("kubectl", ["kustomize", Path.Combine(Home, name)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        try
        {
            using var kubectl = Process.Start(start)!;
            var errors = kubectl.StandardError.ReadToEndAsync();
            var rendered = kubectl.StandardOutput.ReadToEnd();
            kubectl.WaitForExit();
            Assert.True(kubectl.ExitCode == 0, $"kubectl kustomize {name} ended with {kubectl.ExitCode}: {errors.Result}");
            return rendered;
        }
        catch (Win32Exception)
        {
            Assert.Skip("kubectl is not on PATH: the manifests are not rendered.");
            throw;
        }
    }
}
