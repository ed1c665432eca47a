namespace Tally.AppHost.Local;

/// <summary>
/// What the user sees: our own lines, and those of the resources behind their names, in colour on a terminal. While the
/// simulator writes there too, each line first wipes the line it may have left its progress bar on; the bar is drawn again by itself.
/// </summary>
internal sealed class Screen(TextWriter writer, bool isTerminal)
{
    private const int NameWidth = 13;

    // Not red, which is for mistakes, and nothing that is unreadable on black or on white.
    private static readonly string[] Colours = ["\e[36m", "\e[32m", "\e[35m", "\e[33m", "\e[34m", "\e[96m"];

    private readonly Lock _lock = new();
    private readonly List<string> _names = [];

    /// <summary>The one of this process.</summary>
    public static Screen OfConsole() => new(
        Console.Out,
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") != "dumb");

    /// <summary>The simulator writes to the same terminal.</summary>
    public bool IsShared { get; set; }

    /// <summary>A line of ours.</summary>
    public void Say(string line) => Write(line);

    /// <summary>A line of a resource.</summary>
    public void Log(string name, string line)
    {
        lock (_lock)
        {
            if (!_names.Contains(name)) _names.Add(name);
            var padded = name.PadRight(NameWidth);
            Write(isTerminal ? $"{Colours[_names.IndexOf(name) % Colours.Length]}{padded}\e[0m| {line}" : $"{padded}| {line}");
        }
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            try
            {
                writer.Write(isTerminal && IsShared ? $"\r\e[2K{line}\n" : line + "\n");
                writer.Flush();
            }
            catch (IOException)
            {
                // The terminal is gone (SIGHUP comes with it), or nobody reads the pipe. Everything stands in the log files too.
            }
        }
    }
}
