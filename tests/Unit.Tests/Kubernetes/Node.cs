using YamlDotNet.RepresentationModel;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>A place in a manifest; what is not there is an empty one, as in Kubernetes itself.</summary>
internal readonly record struct Node(YamlNode? Yaml)
{
    /// <summary>A field of an object.</summary>
    public Node this[string name] =>
        new(Yaml is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value : null);

    /// <summary>Whether it is set.</summary>
    public bool Exists => Yaml is not null;

    /// <summary>Its text; null: not set, or not a scalar.</summary>
    public string? Text => (Yaml as YamlScalarNode)?.Value;

    /// <summary>Elements of a list.</summary>
    public IEnumerable<Node> Items => Yaml is YamlSequenceNode list ? list.Children.Select(item => new Node(item)) : [];

    /// <summary>Fields of an object.</summary>
    public IEnumerable<KeyValuePair<string, Node>> Fields => Yaml is YamlMappingNode map
        ? map.Children.Select(entry => KeyValuePair.Create(((YamlScalarNode)entry.Key).Value!, new Node(entry.Value)))
        : [];

    /// <summary>Goes down several fields: <c>spec.template.spec</c>.</summary>
    public Node Down(string path) => path.Split('.').Aggregate(this, (node, name) => node[name]);

    /// <inheritdoc/>
    public override string ToString() => Text ?? Yaml?.ToString() ?? "(not set)";
}
