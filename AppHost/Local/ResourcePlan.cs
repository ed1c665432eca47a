using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>A resource that stays up: how it is started, when it is ready, how it is stopped.</summary>
internal sealed record ResourcePlan
{
    /// <summary>Name in logs and in the report.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens.</summary>
    public required LocalPort Port { get; init; }

    /// <summary>Gives the command, before each start, once <see cref="Port"/> is chosen.</summary>
    public required Func<CancellationToken, Task<ChildCommand>> PrepareAsync { get; init; }

    /// <summary>Null when it is ready, else what is missing.</summary>
    public required Func<CancellationToken, Task<string?>> WhatIsMissingAsync { get; init; }

    /// <summary>How long it may take to be ready, over all attempts.</summary>
    public required TimeSpan StartTimeout { get; init; }

    /// <summary>How long it may take to stop.</summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary>What it means that it was killed because it did not stop.</summary>
    public required string IfKilled { get; init; }

    /// <summary>Which of its log lines are shown; all of them go to its log file.</summary>
    public Func<string, bool> IsShown { get; init; } = _ => true;
}
