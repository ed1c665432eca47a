namespace Tally.AppHost.Running;

/// <summary>
/// What the user sees: our own lines, warnings of the resources behind their names, and the simulator's lines. On a terminal the simulator's
/// progress stays in one line, the last.
/// </summary>
/// <param name="writer">The terminal, or where its lines go instead.</param>
/// <param name="columns">Width of the terminal, asked at each drawing; null: it is none.</param>
internal sealed class Screen(TextWriter writer, Func<int>? columns)
{
    private const int NameWidth = 13;
    private const string Wipe = "\r\e[2K";

    private readonly Lock _lock = new();
    private string? _progress;

    /// <summary>The one of this process.</summary>
    public static Screen OfConsole() => new(
        Console.Out,
        Console.IsOutputRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" ? null : static () => Console.WindowWidth is > 0 and var width ? width : 80);

    /// <summary>A line of ours.</summary>
    public void Say(string line) => Write(line, _progress);

    /// <summary>A line of a resource.</summary>
    public void Log(string name, string line) => Say($"{name.PadRight(NameWidth)}| {line}");

    /// <summary>A line of the simulator: its progress is drawn over the one before.</summary>
    public void Run(string line)
    {
        if (columns is not null && line.StartsWith("published ", StringComparison.Ordinal)) Write(null, line);
        else Write(line, null);
    }

    private void Write(string? line, string? progress)
    {
        lock (_lock)
        {
            var wipe = _progress is null ? "" : Wipe;
            _progress = progress;
            try
            {
                writer.Write($"{wipe}{(line is null ? "" : line + "\n")}{(progress is null ? "" : progress[..Math.Min(progress.Length, columns!() - 1)])}");
                writer.Flush();
            }
            catch (IOException)
            {
                // The terminal is gone (SIGHUP comes with it), or nobody reads the pipe. Everything stands in the log files too.
            }
        }
    }
}
