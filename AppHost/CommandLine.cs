using System.CommandLine;
using System.CommandLine.Invocation;
using Tally.AppHost.Infrastructure;
using Tally.ServiceDefaults;

namespace Tally.AppHost;

/// <summary>The command line, read: either options, or the exit status of what has been printed instead, 0 after <c>--help</c>, 2 after a mistake.</summary>
internal sealed record CommandLine(RunOptions? Options, int Status)
{
    private static readonly Option<long> Messages = Parsing.Whole("--messages", "Readings to publish; 0: none, wait for sensors", 1_000_000, 0, 1_000_000_000);
    private static readonly Option<bool> NoRun = new("--no-run") { Description = "Publish nothing and wait for sensors, like --messages 0" };
    private static readonly Option<long> Devices = Parsing.Whole("--devices", "Devices that take turns", 100, 1, 100_000);
    private static readonly Option<long> Rate = Parsing.Whole("--rate", "Readings per second; 0: as fast as acknowledgements allow", 0, 0, 1_000_000);
    private static readonly Option<long> Qos = Parsing.Whole("--qos", "QoS of the readings", 1, 0, 2);
    private static readonly Option<string?> Source = OneOf("--source", "Where the readings come from", "synthetic");
    private static readonly Option<bool> Exit = new("--exit") { Description = "Stop everything when the run is over, with the run's exit status" };
    private static readonly Option<string?> Report = Parsing.Text("--report", "Write the run's report (JSON) to that file", text => text.Length > 0, "a path");
    private static readonly Option<bool> Reset = new("--reset") { Description = "Throw the local data away first" };
    private static readonly Option<long> Port = Parsing.Whole("--port", "Port of the web page; the next free one where it is taken", 8080, 1, 65_535);
    private static readonly Option<string?> Infra = OneOf("--infra", "Broker and database as programs of this machine or as containers; default: containers where an engine answers", "local", "containers");
    private static readonly Option<bool> Dashboard = new("--dashboard") { Description = "Start the Aspire dashboard, which is otherwise left out with --exit" };
    private static readonly Option<bool> NoDashboard = new("--no-dashboard") { Description = "Start no dashboard and collect no telemetry" };
    private static readonly Option<long> StallTimeout = Parsing.Whole("--stall-timeout", "End the run with status 3 after so many seconds without progress", 120, 1, 86_400);
    private static readonly Option<string?> Data = Parsing.Text("--data", "Directory for data, logs and passwords; default: artifacts/local", text => text.Length > 0, "a path");
    private static readonly Option<long> Replicas = Parsing.Whole("--replicas", "Instances of Ingest that share the messages", 1, 1, 9);

    /// <summary>Reads the command line; prints help, or one line about a mistake.</summary>
    public static CommandLine Parse(string[] args, TextWriter errors)
    {
        var command = new RootCommand(
            "Tally: publishes readings through Mosquitto, stores each once in PostgreSQL, and shows that nothing was lost.\n\n"
            + "  Exit status: 0 balanced, 1 not balanced, 2 usage, 3 the environment (broker, database, port, disk), 130 interrupted.")
        {
            Messages, NoRun, Devices, Rate, Qos, Source, Exit, Report, Reset, Port, Replicas, Infra, Dashboard, NoDashboard, StallTimeout, Data,
        };
        command.Validators.Add(given =>
        {
            foreach (var (one, other) in ((Option, Option)[])[(Dashboard, NoDashboard), (NoRun, Exit), (NoRun, Report)])
            {
                if (given.GetResult(one) is { Implicit: false } && given.GetResult(other) is { Implicit: false })
                    given.AddError($"{one.Name} and {other.Name} exclude each other: one of them is allowed");
            }
        });
        var result = command.Parse(args);
        if (result.Action is not (null or ParseErrorAction))
        {
            using var text = new StringWriter(); // of --help and --version; the library names the assembly, and the program is started by run.sh
            result.Invoke(new InvocationConfiguration { Output = text });
            Console.Out.Write(text.ToString().Replace("Tally.AppHost [options]", "./run.sh [options]", StringComparison.Ordinal));
            return new CommandLine(null, 0);
        }

        if (result.Errors.Count == 0) return new CommandLine(Read(result), 0);
        // One line, about the first mistake: the others often follow from it.
        errors.WriteLine(result.UnmatchedTokens.Count > 0 ? $"{result.UnmatchedTokens[0]}: there is no such option; ./run.sh --help lists them." : $"{result.Errors[0].Message.TrimEnd('.')}; ./run.sh --help lists all options.");
        return new CommandLine(null, ExitStatus.Usage);
    }

    private static RunOptions Read(ParseResult given) => new(
        given.GetValue(NoRun) ? 0 : given.GetValue(Messages), Path.GetFullPath(given.GetValue(Data) ?? Path.Combine(Repository.Root, "artifacts", "local")))
    {
        Devices = given.GetValue(Devices), Rate = given.GetValue(Rate), Qos = given.GetValue(Qos), Source = given.GetValue(Source) ?? "synthetic", StallTimeout = given.GetValue(StallTimeout),
        Exit = given.GetValue(Exit), Report = given.GetValue(Report) is { } report ? Path.GetFullPath(report) : null, Reset = given.GetValue(Reset),
        Port = (int)given.GetValue(Port), Infra = given.GetValue(Infra), Replicas = (int)given.GetValue(Replicas),
        Dashboard = given.GetValue(Dashboard) || !(given.GetValue(NoDashboard) || given.GetValue(Exit)), // with --exit nobody is there to look at it
    };

    private static Option<string?> OneOf(string name, string description, params string[] values) =>
        Parsing.Text(name, $"{description} ({string.Join(" or ", values)})", values.Contains, string.Join(" or ", values));
}

/// <summary>What the command line asks for; paths are absolute.</summary>
internal sealed record RunOptions(long Messages, string Data)
{
    public long Devices { get; init; }
    public long Rate { get; init; }
    public long Qos { get; init; }
    public string Source { get; init; } = "synthetic";
    public long StallTimeout { get; init; }
    public bool Exit { get; init; }
    public string? Report { get; init; }
    public bool Reset { get; init; }
    public int Port { get; init; }
    public bool Dashboard { get; init; }
    public int Replicas { get; init; } = 1;
    public string? Infra { get; init; }
    public bool Containers { get; init; } // what became of Infra

    /// <summary>The simulator's arguments for so many readings.</summary>
    public string[] SimulatorArguments(long messages) =>
    [
        "run", "--messages", $"{messages}", "--devices", $"{Devices}", "--rate", $"{Rate}", "--qos", $"{Qos}", "--source", Source, "--stall-timeout", $"{StallTimeout}",
        .. Report is { } report && messages == Messages ? (string[])["--report", report] : [],
    ];
}

/// <summary>What the exit status says beside the run's own (0 balanced, 1 not balanced).</summary>
internal static class ExitStatus
{
    public const int Usage = 2, Environment = 3, Interrupted = 130;

    /// <summary>How an exit status reads: <c>status 3</c>, <c>signal 9</c>. The orchestrator gives -1 for every signal.</summary>
    public static string Describe(int status) => status > 128 ? $"signal {status - 128}" : status < 0 ? "a signal" : $"status {status}";
}

/// <summary>Broker, database, port or disk are not as they have to be. The message is the one line that the user sees.</summary>
internal sealed class EnvironmentException(string message) : Exception(message);
