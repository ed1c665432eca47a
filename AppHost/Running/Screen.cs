namespace Tally.AppHost.Running;

/// <summary>What the user sees: our own lines, warnings of resources, and the simulator's lines. On a terminal the simulator's progress stays in one line, the last.</summary>
/// <param name="writer">The terminal, or where its lines go instead.</param>
/// <param name="columns">Width of the terminal, asked at each drawing; null: it is none.</param>
internal sealed class Screen(TextWriter writer, Func<int>? columns)
{
    private readonly Lock _lock = new();
    private string? _progress;

    public static Screen OfConsole() => new(
        Console.Out,
        Console.IsOutputRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" ? null : static () => Console.WindowWidth is > 0 and var width ? width : 80);

    public void Say(string line) => Write(line + "\n", _progress);

    public void Log(string name, string line) => Say($"{name,-13}| {line}");

    /// <summary>A line of the simulator: its progress is drawn over the one before.</summary>
    public void Run(string line)
    {
        if (columns is not null && line.StartsWith("published ", StringComparison.Ordinal)) Write("", line);
        else Write(line + "\n", null);
    }

    private void Write(string line, string? progress)
    {
        lock (_lock)
        {
            try
            {
                writer.Write($"{(_progress is null ? "" : "\r\e[2K")}{line}{progress?[..Math.Min(progress.Length, columns!() - 1)]}");
                writer.Flush();
            }
            catch (IOException)
            {
                // The terminal is gone (SIGHUP comes with it), or nobody reads the pipe. Everything stands in the log files too.
            }

            _progress = progress;
        }
    }
}
