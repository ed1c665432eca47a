using Tally.SensorSimulator.Runs;

namespace Tally.Benchmarks.Pipeline;

/// <summary>Drawing would be measured too.</summary>
internal sealed class NoProgress : IRunProgress
{
    public void OnProgress(in RunSnapshot snapshot)
    {
        // Only the outcome is looked at.
    }

    public void OnNote(string line) => Console.Error.WriteLine(line);
}
