using System.Collections.Concurrent;
using Tally.SensorSimulator.Runs;

namespace Tally.Integration.Tests.Simulator;

/// <summary>Keeps what a run says of itself.</summary>
internal sealed class SilentProgress : IRunProgress
{
    public RunSnapshot Last { get; private set; }

    public ConcurrentQueue<string> Notes { get; } = new();

    public void OnProgress(in RunSnapshot snapshot) => Last = snapshot;

    public void OnNote(string line) => Notes.Enqueue(line);
}
