namespace Tally.AppHost.Local.Processes;

/// <summary>What to start, and how it is stopped.</summary>
internal sealed record ChildCommand
{
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

    /// <summary>User to run as; null: ours. Another one needs root.</summary>
    public string? User { get; init; }

    /// <summary>What asks it to stop.</summary>
    public Signal StopSignal { get; init; } = Signal.Terminate;

    /// <summary>It writes to our own standard output and error; else each line goes to the receiver given at start.</summary>
    public bool WritesThrough { get; init; }
}
