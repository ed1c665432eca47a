using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;

namespace Tally.Testing.Processes;

/// <summary>What to start, and how it is stopped.</summary>
internal sealed record ChildCommand
{
    /// <summary>Of a server as AppHost starts it.</summary>
    public static ChildCommand Of(string name, ServerProgram program) => new()
    {
        Name = name,
        Program = program.Path,
        Arguments = program.Arguments,
        Environment = program.LibraryPath is { } path ? new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = path } : [],
        WorkingDirectory = program.WorkingDirectory,
    };

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
