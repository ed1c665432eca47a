using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Tally.AppHost.Infrastructure;

namespace Tally.AppHost;

/// <summary>The command line, read: either options, or the exit status of what has been printed instead.</summary>
/// <param name="Options">What is asked for; null when there is nothing to do.</param>
/// <param name="Status">Exit status when there is nothing to do: 0 after <c>--help</c>, 2 after a mistake.</param>
internal sealed record CommandLine(RunOptions? Options, int Status)
{
    private static readonly Dictionary<Option, string> Allowed = [];

    private static readonly Option<long> Messages = Whole("--messages", "N", 1_000_000, 0, 1_000_000_000, "Readings to publish; 0: none, wait for sensors");
    private static readonly Option<bool> NoRun = new("--no-run") { Description = "Publish nothing and wait for sensors, like --messages 0" };
    private static readonly Option<long> Devices = Whole("--devices", "N", 100, 1, 100_000, "Devices that take turns");
    private static readonly Option<long> Rate = Whole("--rate", "R", 0, 0, 1_000_000, "Readings per second; 0: as fast as acknowledgements allow");
    private static readonly Option<string?> Qos = OneOf("--qos", "1", ["0", "1", "2"], "QoS of the readings");
    private static readonly Option<string?> Source = OneOf("--source", "synthetic", ["synthetic"], "Where the readings come from");
    private static readonly Option<bool> Exit = new("--exit") { Description = "Stop everything when the run is over, with the run's exit status" };
    private static readonly Option<string?> Report = Text("--report", "FILE", "Write the run's report (JSON) to that file");
    private static readonly Option<bool> Reset = new("--reset") { Description = "Throw the local data away first" };
    private static readonly Option<long> Port = Whole("--port", "P", 8080, 1, 65_535, "Port of the web page; the next free one where it is taken");
    private static readonly Option<string?> Infra = OneOf("--infra", null, ["local", "containers"], "Broker and database as programs of this machine or as containers [default: containers where an engine answers]");
    private static readonly Option<bool> Dashboard = new("--dashboard") { Description = "Start the Aspire dashboard, which is otherwise left out with --exit" };
    private static readonly Option<bool> NoDashboard = new("--no-dashboard") { Description = "Start no dashboard and collect no telemetry" };
    private static readonly Option<long> StallTimeout = Whole("--stall-timeout", "SECONDS", 120, 1, 86_400, "End the run with status 3 after so long without progress");
    private static readonly Option<string?> Data = Text("--data", "DIR", "Directory for data, logs and passwords [default: artifacts/local]");
    private static readonly Option<long> Replicas = Whole("--replicas", "N", 1, 1, 9, "Instances of Ingest that share the messages");

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
                    given.AddError($"{one.Name} and {other.Name} exclude each other: one of them is allowed.");
            }
        });
        var result = command.Parse(args);
        if (result.Action is HelpAction)
        {
            // The program is started by run.sh; the library would name the assembly.
            using var help = new StringWriter();
            result.Invoke(new InvocationConfiguration { Output = help });
            Console.Out.Write(help.ToString().Replace("Tally.AppHost [options]", "./run.sh [options]", StringComparison.Ordinal));
            return new CommandLine(null, 0);
        }

        if (result.Action is not (null or ParseErrorAction)) return new CommandLine(null, result.Invoke()); // --version
        if (result.Errors.Count == 0) return new CommandLine(Read(result), 0);
        errors.WriteLine(Describe(result));
        return new CommandLine(null, ExitStatus.Usage);
    }

    private static RunOptions Read(ParseResult result) => new()
    {
        Messages = result.GetValue(NoRun) ? 0 : result.GetValue(Messages),
        Devices = result.GetValue(Devices),
        Rate = result.GetValue(Rate),
        Qos = result.GetValue(Qos)!,
        Source = result.GetValue(Source)!,
        StallTimeout = result.GetValue(StallTimeout),
        Exit = result.GetValue(Exit),
        Report = result.GetValue(Report) is { } report ? Path.GetFullPath(report) : null,
        Reset = result.GetValue(Reset),
        Port = (int)result.GetValue(Port),
        // With --exit nobody is there to look at it, and a run that is measured is measured without.
        Dashboard = result.GetValue(Dashboard) || !(result.GetValue(NoDashboard) || result.GetValue(Exit)),
        Infra = result.GetValue(Infra),
        Replicas = (int)result.GetValue(Replicas),
        Data = Path.GetFullPath(result.GetValue(Data) ?? Path.Combine(Repository.Root, "artifacts", "local")),
    };

    // One line, about the first mistake: the others often follow from it.
    private static string Describe(ParseResult result)
    {
        if (result.UnmatchedTokens.Count > 0) return $"{result.UnmatchedTokens[0]}: there is no such option; ./run.sh --help lists them.";
        var error = result.Errors[0];
        return error.SymbolResult is OptionResult { Tokens.Count: 0 } given ? $"{given.Option.Name} has no value: {Allowed[given.Option]} is needed." : error.Message;
    }

    private static Option<long> Whole(string name, string valueName, long otherwise, long least, long most, string description)
    {
        var allowed = string.Create(CultureInfo.InvariantCulture, $"a whole number from {least:N0} to {most:N0}");
        return Valued(name, valueName, otherwise, allowed, string.Create(CultureInfo.InvariantCulture, $"{description} ({least:N0} to {most:N0})"), text =>
            long.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? (number, true) : default);
    }

    private static Option<string?> OneOf(string name, string? otherwise, string[] values, string description) =>
        Valued(name, string.Join('|', values), otherwise, string.Join(" or ", values), description, text =>
            Array.Find(values, value => value.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } value ? (value, true) : default);

    private static Option<string?> Text(string name, string valueName, string description) =>
        Valued<string?>(name, valueName, null, "a path", description, text => (text, text.Length > 0));

    private static Option<T> Valued<T>(
        string name, string valueName, T otherwise, string allowed, string description, Func<string, (T Value, bool IsAllowed)> parse)
    {
        var option = new Option<T>(name) { HelpName = valueName, Description = description };
        if (otherwise is not null) option.DefaultValueFactory = _ => otherwise;
        option.CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var (value, isAllowed) = parse(text);
            if (!isAllowed) result.AddError($"{name} is '{text}': {allowed} is allowed.");
            return value;
        };
        Allowed.Add(option, allowed);
        return option;
    }
}
