using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Tally.AppHost.Running;
using Tally.Testing.Processes;
using Tally.Testing;

namespace Tally.EndToEnd.Tests;

/// <summary>
/// AppHost as a user starts it, on a data directory of its own. Whatever it starts inherits a mark in its environment, by which it is
/// found again even when nobody is its parent any more.
/// </summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    // Broker, database, schema and three services, on a machine that runs other tests too.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);

    // The longest stops are explained in Session; a stop without faults takes two seconds.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    // The orchestrator looks every few seconds whether its AppHost is there.
    private static readonly TimeSpan LeftTimeout = TimeSpan.FromSeconds(15);

    private readonly string _mark = $"TALLY_TEST={Guid.NewGuid():N}";
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Process _process;
    private readonly Task _reading;

    private AppHostProcess(IEnumerable<string> arguments, string? receiver = null)
    {
        var start = new ProcessStartInfo(DotnetHost.Path) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tally.AppHost.dll"));
        start.ArgumentList.Add("--infra");
        start.ArgumentList.Add("local"); // also where an engine answers
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var (name, value) = (_mark[.._mark.IndexOf('=')], _mark[(_mark.IndexOf('=') + 1)..]);
        start.Environment[name] = value;
        foreach (var variable in start.Environment.Keys.Where(key => key.StartsWith("OTEL_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
        if (receiver is not null)
        {
            start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver;
            start.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
            start.Environment["OTEL_METRIC_EXPORT_INTERVAL"] = "500"; // what is over at the end, like the broker's figures, is said before it
        }

        _process = Process.Start(start)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    /// <summary>Everything it has written, errors too.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Its own process number.</summary>
    public int Id => _process.Id;

    /// <summary>Address of the web page, as the start table says.</summary>
    public Uri Page => new(InTable("web page"));

    /// <summary>Connection string of the database, for the user of the line in the start table.</summary>
    public string Database
    {
        get
        {
            var line = LookIn().Match(InTable("  to look in"));
            return $"Host=127.0.0.1;Port={line.Groups["port"]};Username={line.Groups["user"]};Password={File.ReadAllText(line.Groups["file"].Value)};Database={line.Groups["database"]}";
        }
    }

    /// <summary>Address of the dashboard, as the start table says.</summary>
    public Uri Dashboard => new(InTable("dashboard"));

    /// <summary>Starts it, without the dashboard, which takes longer to start than all the rest.</summary>
    public static AppHostProcess Start(params IEnumerable<string> arguments) => new(["--no-dashboard", .. arguments]);

    /// <summary>Starts it as it is, with the dashboard.</summary>
    public static AppHostProcess StartWithDashboard(params IEnumerable<string> arguments) => new(arguments);

    /// <summary>Starts it with a receiver of telemetry of one's own, OTLP over HTTP.</summary>
    public static AppHostProcess StartSendingTo(string receiver, params IEnumerable<string> arguments) => new(arguments, receiver);

    /// <summary>Waits for a line that begins so, or has this in it.</summary>
    public async Task<string> UntilAsync(string text, TimeSpan? timeout = null)
    {
        string? found = null;
        await EventuallyAsync(
            () => (found = _lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))) is not null || _reading.IsCompleted,
            $"AppHost to write '{text}'",
            timeout ?? StartTimeout);
        return found ?? throw new InvalidOperationException($"AppHost ended without '{text}':\n{Output}");
    }

    /// <summary>Waits until at least so many readings of the run are acknowledged.</summary>
    public Task UntilAcknowledgedAsync(long readings) => EventuallyAsync(
        () => _lines.Select(line => Acknowledged().Match(line)).Any(match => match.Success && long.Parse(match.Groups[1].Value.Replace(",", "", StringComparison.Ordinal)) >= readings),
        $"{readings} acknowledged readings",
        TimeSpan.FromSeconds(120));

    /// <summary>Waits until so many lines say something.</summary>
    public Task UntilTimesAsync(string text, int times) => EventuallyAsync(
        () => _lines.Count(line => line.Contains(text, StringComparison.Ordinal)) >= times, $"AppHost to write '{text}' {times} times", TimeSpan.FromSeconds(120));

    /// <summary>How often a line has said that.</summary>
    public int Times(string text) => _lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> ExitAsync(TimeSpan? timeout = null)
    {
        await EventuallyAsync(() => _process.HasExited, "AppHost to end", timeout ?? StopTimeout);
        return _process.ExitCode;
    }

    /// <summary>Sends AppHost itself a signal.</summary>
    public void Send(Signal signal) => Signals.Send(Id, signal);

    /// <summary>Kills one of the processes it has started, named by something in its command line, without any notice.</summary>
    public void Kill(string commandLine)
    {
        var found = Running().Single(process => process.CommandLine.Contains(commandLine, StringComparison.Ordinal));
        Signals.Send(found.Id, Signal.Kill);
    }

    /// <summary>Waits until nothing that it has started is running, nor itself.</summary>
    public Task UntilNothingIsLeftAsync(TimeSpan timeout) => EventuallyAsync(
        () => Running().Count == 0, $"nothing to be left running, but there is {string.Join(", ", Running())}", timeout);

    /// <summary>What runs with its mark.</summary>
    public IReadOnlyList<MarkedProcess> Running() =>
        [.. ProcessTable.All().Where(ProcessTable.IsRunning).Where(HasMark).Select(pid => new MarkedProcess(pid, CommandLineOf(pid)))];

    /// <summary>Waits for its end, and until nothing that it has started is left: the orchestrator ends a few seconds after it.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> ExitWithAllAsync(TimeSpan? timeout = null)
    {
        var status = await ExitAsync(timeout);
        await UntilNothingIsLeftAsync(LeftTimeout);
        return status;
    }

    /// <summary>Ends it and everything it has started.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Send(Signal.Kill);
        await _process.WaitForExitAsync();
        await UntilNothingIsLeftAsync(StopTimeout);
        await _reading;
        _process.Dispose();
    }

    private async Task EventuallyAsync(Func<bool> condition, string waitingFor, TimeSpan timeout)
    {
        try
        {
            await Eventually.UntilAsync(condition, waitingFor, timeout);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{error.Message}\nAppHost has written:\n{Output}", error);
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line) _lines.Enqueue(line);
    }

    private string InTable(string name) =>
        _lines.Where(line => line.StartsWith("  " + name, StringComparison.Ordinal)).Select(line => line[(2 + name.Length)..].Trim()).FirstOrDefault()
        ?? throw new InvalidOperationException($"There is no '{name}' in the start table:\n{Output}");

    private bool HasMark(int pid) => ReadOf(pid, "environ").Split('\0').Contains(_mark);

    private static string CommandLineOf(int pid) => ReadOf(pid, "cmdline").Replace('\0', ' ').Trim();

    private static string ReadOf(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return ""; // it has just ended, or belongs to somebody else
        }
    }

    [GeneratedRegex(@"\$\(cat (?<file>\S+)\)"" psql -h 127.0.0.1 -p (?<port>\d+) -U (?<user>\w+) (?<database>\w+)")]
    private static partial Regex LookIn();

    [GeneratedRegex(@"acknowledged ([\d,]+) of")]
    private static partial Regex Acknowledged();
}

/// <summary>A process that AppHost has started.</summary>
internal sealed record MarkedProcess(int Id, string CommandLine);
