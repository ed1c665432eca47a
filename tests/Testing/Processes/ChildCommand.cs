using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;

namespace Tally.Testing.Processes;

/// <summary>What to start, and how it is stopped.</summary>
internal sealed record ChildCommand
{
    /// <summary>A server as AppHost starts it, by a script of the repository that becomes it.</summary>
    public static ChildCommand OfScript(string name, params IEnumerable<string> arguments) =>
        new() { Name = name, Program = Path.Combine(Repository.Root, "scripts", $"{name}.sh"), Arguments = [.. arguments] };

    /// <summary>Name in logs.</summary>
    public required string Name { get; init; }

    /// <summary>Program, with its path or to be found on PATH.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment beside the inherited one.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Working directory; null: ours.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>What asks it to stop.</summary>
    public Signal StopSignal { get; init; } = Signal.Terminate;

    /// <summary>It writes to our own standard output and error; else each line goes to the receiver given at start.</summary>
    public bool WritesThrough { get; init; }
}
