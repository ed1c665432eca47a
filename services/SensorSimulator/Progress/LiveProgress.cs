using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Progress;

/// <summary>A bar that is drawn anew in its place.</summary>
internal sealed class LiveProgress(TextWriter output) : ConsoleProgress
{
    private const int Width = 30;

    /// <summary>Back to the first column, and clear to the end of the line.</summary>
    private const string Redraw = "\r\x1b[K";

    /// <summary>Ten drawings a second are smooth; more are only work.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    private TimeSpan _drawnAt = TimeSpan.MinValue;
    private RunSnapshot _last;
    private bool _finished;

    /// <inheritdoc/>
    public override void OnProgress(in RunSnapshot snapshot)
    {
        _last = snapshot;
        if (_drawnAt != TimeSpan.MinValue && snapshot.Elapsed - _drawnAt < Every) return;
        _drawnAt = snapshot.Elapsed;
        Draw();
    }

    /// <inheritdoc/>
    public override void OnNote(string line)
    {
        output.WriteLine(Redraw + line);
        Draw();
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        if (_finished) return;
        _finished = true;
        if (_last.Expected == 0) return;
        Draw();
        output.WriteLine();
    }

    private void Draw()
    {
        if (_last.Expected == 0) return;
        var filled = (int)(Width * _last.Acknowledged / _last.Expected);
        output.Write($"{Redraw}[{new string('#', filled)}{new string('-', Width - filled)}] {100 * _last.Acknowledged / _last.Expected,3}% {Describe(_last)}");
        output.Flush();
    }
}
