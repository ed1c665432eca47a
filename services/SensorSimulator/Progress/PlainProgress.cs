using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Progress;

/// <summary>One line every 10,000 acknowledged readings.</summary>
internal sealed class PlainProgress(TextWriter output) : ConsoleProgress
{
    private const long Every = 10_000;
    private long _next = Every;

    /// <inheritdoc/>
    public override void OnProgress(in RunSnapshot snapshot)
    {
        if (snapshot.Acknowledged < _next) return;
        // A batch may be acknowledged across more than one mark: one line with what is true now.
        _next = (snapshot.Acknowledged / Every + 1) * Every;
        output.WriteLine(Describe(snapshot));
    }

    /// <inheritdoc/>
    public override void OnNote(string line) => output.WriteLine(line);

    /// <inheritdoc/>
    public override void Finish()
    {
    }
}
