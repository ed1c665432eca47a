namespace Tally.Unit.Tests.Kubernetes;

/// <summary>A Deployment, StatefulSet or Job.</summary>
internal sealed class Workload
{
    public Workload(Node manifest)
    {
        Manifest = manifest;
        Pod = manifest.Down("spec.template.spec");
        Containers =
        [
            .. Pod["initContainers"].Items.Select(container => new Container(container, IsInit: true)),
            .. Pod["containers"].Items.Select(container => new Container(container, IsInit: false)),
        ];
    }

    /// <summary>All of it.</summary>
    public Node Manifest { get; }

    /// <summary>The pod's specification.</summary>
    public Node Pod { get; }

    /// <summary>Init containers, then the others.</summary>
    public IReadOnlyList<Container> Containers { get; }

    /// <summary>The container that it is there for.</summary>
    public Container Main => Containers.First(container => !container.IsInit);

    public string Kind => Manifest["kind"].Text!;

    public string Name => Manifest.Down("metadata.name").Text!;

    /// <summary>The pod's labels.</summary>
    public Node Labels => Manifest.Down("spec.template.metadata.labels");

    /// <summary>Names of the pod's volumes and of those made for each pod.</summary>
    public IEnumerable<string?> Volumes =>
        Pod["volumes"].Items.Select(volume => volume["name"].Text).Concat(Manifest.Down("spec.volumeClaimTemplates").Items.Select(claim => claim.Down("metadata.name").Text));

    /// <summary>Seconds between SIGTERM and SIGKILL.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(int.Parse(Pod["terminationGracePeriodSeconds"].Text!, System.Globalization.CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Name}";
}

/// <summary>A container of a pod.</summary>
internal sealed record Container(Node Manifest, bool IsInit)
{
    public string Name => Manifest["name"].Text!;

    public string Image => Manifest["image"].Text!;

    /// <summary>Whether the image is built from this repository.</summary>
    public bool IsOurs => Image.StartsWith("tally/", StringComparison.Ordinal);

    /// <summary>Whether a person or another service asks it anything: not a one-shot.</summary>
    public bool Listens => Manifest["ports"].Exists;

    /// <summary>Variables in the order in which they are defined.</summary>
    public IReadOnlyList<Node> Variables => [.. Manifest["env"].Items];

    public string?[] VariableNames => [.. Variables.Select(variable => variable["name"].Text)];

    /// <summary>A variable's text; null: not set, or from elsewhere.</summary>
    public string? Value(string name) => Variables.FirstOrDefault(variable => variable["name"].Text == name)["value"].Text;

    public string?[] Arguments => [.. Manifest["args"].Items.Select(argument => argument.Text)];

    /// <summary>The number of a port given by name or number.</summary>
    public string? Port(string? nameOrNumber) =>
        Manifest["ports"].Items.FirstOrDefault(port => port["name"].Text == nameOrNumber || port["containerPort"].Text == nameOrNumber)["containerPort"].Text;
}
