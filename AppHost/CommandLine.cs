using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Tally.AppHost;

/// <summary>The command line, read: either options, or the exit status of what has been printed instead.</summary>
/// <param name="Options">What is asked for; null when there is nothing to do.</param>
/// <param name="Status">Exit status when there is nothing to do: 0 after <c>--help</c>, 2 after a mistake.</param>
internal sealed record CommandLine(RunOptions? Options, int Status)
{
    /// <summary>Exit status for a command line that cannot be understood.</summary>
    public const int Usage = 2;

    private static readonly Dictionary<Option, string> Allowed = [];

    private static readonly Option<long> Messages = Whole("--messages", "N", 1_000_000, 1, 1_000_000_000, "Readings to publish");
    private static readonly Option<long> Devices = Whole("--devices", "N", 100, 1, 100_000, "Devices that take turns");
    private static readonly Option<long> Rate = Whole("--rate", "R", 0, 0, 1_000_000, "Readings per second; 0: as fast as acknowledgements allow");
    private static readonly Option<string?> Qos = OneOf("--qos", "0|1|2", "1", ["0", "1", "2"], "QoS of the readings", "0, 1 or 2");
    private static readonly Option<string?> Source = OneOf("--source", "SOURCE", "synthetic", ["synthetic"], "Where the readings come from");
    private static readonly Option<bool> Exit = new("--exit") { Description = "Stop everything when the run is over, with the run's exit status" };
    private static readonly Option<string?> Report = Text("--report", "FILE", "Write the run's report (JSON) to that file");
    private static readonly Option<bool> Reset = new("--reset") { Description = "Throw the local data away first" };
    private static readonly Option<long> Port = Whole("--port", "P", 8080, 1, 65_535, "Port of the web page");
    private static readonly Option<bool> Dashboard = new("--dashboard") { Description = "Start the Aspire dashboard, which is otherwise left out with --exit" };
    private static readonly Option<bool> NoDashboard = new("--no-dashboard") { Description = "Start no dashboard and collect no telemetry" };
    private static readonly Option<string?> Client = OneOf("--client", "NAME", null, ["builtin", "MQTTnet"], "MQTT client of the services");
    private static readonly Option<long> StallTimeout =
        Whole("--stall-timeout", "SECONDS", 120, 1, 86_400, "End the run with status 3 after so long without progress");
    private static readonly Option<string?> Data = Text("--data", "DIR", "Directory for data, logs and passwords (artifacts/local)");
    private static readonly Option<bool> Local = new("--local") { Description = "Start broker, database and services as processes of this machine" };
    private static readonly Option<bool> Aspire = new("--aspire")
    {
        Description = "Start them with Aspire (broker and database as containers), which is also what happens without --local where it is possible",
    };
    private static readonly Option<long> Replicas = Whole("--replicas", "N", 1, 1, 9, "Instances of Ingest that share the work (on Aspire)");

    /// <summary>Reads the command line; prints help, or one line about a mistake.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="errors">Where a mistake is said.</param>
    /// <param name="takesOthers">Whether arguments that are not ours are no mistake.</param>
    public static CommandLine Parse(string[] args, TextWriter errors, bool takesOthers = false)
    {
        var command = new RootCommand("Tally: publishes readings through Mosquitto, stores each once in PostgreSQL, and shows that nothing was lost.")
        {
            Messages, Devices, Rate, Qos, Source, Exit, Report, Reset, Port, Dashboard, NoDashboard, Client, StallTimeout, Data, Local, Aspire, Replicas,
        };
        command.Validators.Add(given =>
        {
            foreach (var (one, other) in ((Option<bool>, Option<bool>)[])[(Dashboard, NoDashboard), (Local, Aspire)])
            {
                if (given.GetValue(one) && given.GetValue(other)) given.AddError($"{one.Name} and {other.Name} exclude each other: one of them is allowed.");
            }
        });
        command.TreatUnmatchedTokensAsErrors = !takesOthers;
        var result = command.Parse(args);
        if (result.Action is not (null or ParseErrorAction)) return new CommandLine(null, result.Invoke()); // --help, --version
        if (result.Errors.Count == 0) return new CommandLine(Read(result), 0);
        errors.WriteLine(Describe(result));
        return new CommandLine(null, Usage);
    }

    private static RunOptions Read(ParseResult result) => new()
    {
        Messages = result.GetValue(Messages),
        Devices = (int)result.GetValue(Devices),
        Rate = result.GetValue(Rate),
        Qos = int.Parse(result.GetValue(Qos)!, CultureInfo.InvariantCulture),
        Source = result.GetValue(Source)!,
        StallTimeout = TimeSpan.FromSeconds(result.GetValue(StallTimeout)),
        Exit = result.GetValue(Exit),
        Report = result.GetValue(Report) is { } report ? Path.GetFullPath(report) : null,
        Reset = result.GetValue(Reset),
        Port = (int)result.GetValue(Port),
        // With --exit nobody is there to look at it, and a run that is measured is measured without.
        Dashboard = result.GetValue(Dashboard) || !(result.GetValue(NoDashboard) || result.GetValue(Exit)),
        Mode = result.GetValue(Local) ? LaunchMode.Local : result.GetValue(Aspire) ? LaunchMode.Aspire : LaunchMode.Automatic,
        Replicas = (int)result.GetValue(Replicas),
        Client = result.GetValue(Client),
        Data = result.GetValue(Data) is { } data ? Path.GetFullPath(data) : null,
    };

    // One line, about the first mistake: the others often follow from it.
    private static string Describe(ParseResult result)
    {
        if (result.UnmatchedTokens.Count > 0) return $"{result.UnmatchedTokens[0]}: there is no such option; ./run.sh --help lists them.";
        var error = result.Errors[0];
        return error.SymbolResult is OptionResult { Tokens.Count: 0 } given ? $"{given.Option.Name} has no value: {Allowed[given.Option]} is needed." : error.Message;
    }

    private static Option<long> Whole(string name, string valueName, long otherwise, long least, long most, string description) =>
        Valued(name, valueName, otherwise, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"), description, text =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? (number, true) : default);

    private static Option<string?> OneOf(string name, string valueName, string? otherwise, string[] values, string description, string? allowed = null) =>
        Valued(name, valueName, otherwise, allowed ?? string.Join(" or ", values), description, text =>
            Array.Find(values, value => value.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } value ? (value, true) : default);

    private static Option<string?> Text(string name, string valueName, string description) =>
        Valued<string?>(name, valueName, null, "a path", description, text => (text, text.Length > 0));

    private static Option<T> Valued<T>(
        string name, string valueName, T otherwise, string allowed, string description, Func<string, (T Value, bool IsAllowed)> parse)
    {
        var option = new Option<T>(name) { HelpName = valueName, Description = description, DefaultValueFactory = _ => otherwise };
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
