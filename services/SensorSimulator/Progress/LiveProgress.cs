using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Progress;

/// <summary>A bar that is drawn anew in its place, never wider than the terminal: a line that wraps cannot be drawn over.</summary>
/// <param name="output">The terminal.</param>
/// <param name="columns">How many characters it has in a line, asked at each drawing: windows change.</param>
internal sealed class LiveProgress(TextWriter output, Func<int> columns) : ConsoleProgress
{
    private const int BarWidth = 30;

    /// <summary>A shorter bar shows nothing that the percentage does not.</summary>
    private const int LeastBarWidth = 10;

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
        var room = columns() - 1; // in the last column some terminals wrap already
        var percent = $"{100 * _last.Acknowledged / _last.Expected,3}%";
        var text = $"{percent} {Describe(_last)}";
        if (text.Length > room) text = $"{percent} {DescribeShortly(_last)}";
        if (text.Length > room) text = text[..Math.Max(room, 0)];
        output.Write($"{Redraw}{Bar(Math.Min(BarWidth, room - text.Length - "[] ".Length))}{text}");
        output.Flush();
    }

    private string Bar(int width)
    {
        if (width < LeastBarWidth) return "";
        var filled = (int)(width * _last.Acknowledged / _last.Expected);
        return $"[{new string('#', filled)}{new string('-', width - filled)}] ";
    }
}
