namespace Tally.AppHost.Local;

/// <summary>The log of one resource, from this start on; the one before is kept beside it.</summary>
internal sealed class LogFile : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _writer;
    private bool _closed;

    /// <summary>Opens it.</summary>
    public LogFile(string path)
    {
        Path = path;
        if (File.Exists(path)) File.Move(path, path + ".1", overwrite: true);
        _writer = new StreamWriter(path) { AutoFlush = true };
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Adds a line.</summary>
    public void Write(string line)
    {
        lock (_lock)
        {
            if (_closed) return; // the last words of a process whose pipe is held open by another
            try
            {
                _writer.WriteLine(line);
            }
            catch (IOException)
            {
                // The disk is full: the lines are still shown, and nothing else may stop because of a log.
            }
        }
    }

    /// <summary>Closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock) _closed = true;
        try
        {
            await _writer.DisposeAsync();
        }
        catch (IOException)
        {
            // As above: its last line found no room.
        }
    }
}
