using System.CommandLine;
using Microsoft.Extensions.Options;
using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;
using Tally.SensorSimulator.Sources;
using Tally.ServiceDefaults.Telemetry;
using Tally.ServiceDefaults;

namespace Tally.SensorSimulator.Commands;

/// <summary>The options of <c>run</c>.</summary>
internal sealed class RunCommand
{
    private const string RunNames = "1 to 64 letters, digits, '.', '_' or '-', other than 0 (the run of publishers that know no runs)";

    private static readonly WindowOptions WindowDefaults = new();
    private static readonly RunOptions Defaults = new() { Run = "", Start = default };

    private readonly Option<long> _messages = Parsing.Whole("--messages", "Readings to publish.", Defaults.Messages, 1, 1_000_000_000);
    private readonly Option<long> _devices = Parsing.Whole("--devices", "Devices that take turns.", Defaults.Devices, 1, 100_000);
    private readonly Option<double> _rate = Parsing.Number("--rate", "Readings per second; 0: as fast as acknowledgements allow.", 0, 0, 1_000_000);
    private readonly Option<long> _qos = Parsing.Whole("--qos", "QoS of the readings: 0, 1 or 2.", (long)Defaults.Qos, 0, 2);
    private readonly Option<string?> _source = Parsing.Text("--source", $"Where readings come from: {string.Join(", ", ReadingSources.Names)}.", ReadingSources.Names.Contains, string.Join(" or ", ReadingSources.Names));
    private readonly Option<string?> _run = Parsing.Text("--run", "Name of the run (default: the time and a random suffix).", IsRunName, RunNames);
    private readonly Option<long> _seed = Parsing.Whole("--seed", "Seed of the values.", Defaults.Seed, long.MinValue, long.MaxValue);
    private readonly Option<TimeSpan> _step = Parsing.Time("--step", "Time between two readings of a device.", Defaults.Step, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24));
    private readonly Option<long> _window = Parsing.Whole("--window", "Readings that may be without an acknowledgement at once.", WindowDefaults.Size, 1, Window.MaxSize);
    private readonly Option<TimeSpan> _probeAfter = Parsing.Time("--probe-after", "Silence after which the oldest reading is sent again; the pause doubles up to a minute.", WindowDefaults.ProbeAfter, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
    private readonly Option<long> _traceEvery = Parsing.Whole("--trace-every", "One of so many readings is traced, where traces go anywhere (OTEL_EXPORTER_OTLP_ENDPOINT); 1: all, 0: none.", Defaults.TraceEvery, 0, 1_000_000_000);
    private readonly Option<TimeSpan> _connectTimeout = Parsing.Time("--connect-timeout", "Time for the first connection to the broker.", Defaults.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
    private readonly Option<TimeSpan> _stallTimeout = Parsing.Time("--stall-timeout", "Give up after so long without an acknowledgement.", Defaults.StallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
    private readonly Option<TimeSpan> _apiTimeout = Parsing.Time("--api-timeout", "How long to ask QueryApi for the ledger.", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    private readonly Option<string?> _report = Parsing.Text("--report", "File for the report, JSON.", path => path.Length > 0, "a file name");
    private readonly Option<Uri?> _broker = Parsing.Broker("--broker", "The broker.", "ConnectionStrings__mqtt");
    private readonly Option<Uri?> _api = Parsing.Address("--api", "QueryApi, which is asked for the stored side of the ledger.", "services__queryapi__http__0", "http://host:port", "http", "https");

    /// <summary>Whether a run may have that name.</summary>
    public static bool IsRunName(string name) =>
        name.Length is >= 1 and <= Contracts.Limits.RunBytes && name != "0" && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>Makes a command execute runs.</summary>
    public Command AddTo(Command command)
    {
        Option[] options =
        [
            _messages, _devices, _rate, _qos, _source, _run, _seed, _step, _window, _probeAfter,
            _traceEvery, _connectTimeout, _stallTimeout, _apiTimeout, _report, _broker, _api,
        ];
        foreach (var option in options) command.Options.Add(option);
        command.SetAction((parsed, _) => ExecuteAsync(parsed));
        return command;
    }

    /// <summary>The last reading's time has to be one that there is.</summary>
    private static string? Problem(Contracts.RunPlan plan) =>
        (Int128)(plan.Expected / plan.Devices) * plan.Step.Ticks > (DateTimeOffset.MaxValue - plan.Start).Ticks
            ? "the last reading would be measured after the year 9999"
            : null;

    private async Task<int> ExecuteAsync(ParseResult parsed)
    {
        var now = DateTimeOffset.UtcNow;
        var givenName = parsed.GetValue(_run);
        var options = new RunOptions
        {
            Run = givenName ?? $"{now:yyyyMMdd'T'HHmmss'Z'}-{Random.Shared.Next(0x10000):x4}",
            Messages = parsed.GetValue(_messages),
            Devices = (int)parsed.GetValue(_devices),
            Rate = parsed.GetValue(_rate),
            Qos = (MqttQos)parsed.GetValue(_qos),
            Source = parsed.GetValue(_source) ?? Defaults.Source,
            Seed = parsed.GetValue(_seed),
            Start = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)),
            Step = parsed.GetValue(_step),
            TraceEvery = (int)parsed.GetValue(_traceEvery),
            ConnectTimeout = parsed.GetValue(_connectTimeout),
            StallTimeout = parsed.GetValue(_stallTimeout),
            Window = WindowDefaults with { Size = (int)parsed.GetValue(_window), ProbeAfter = parsed.GetValue(_probeAfter) },
        };
        if (Problem(options.ToPlan()) is { } problem)
        {
            await Console.Error.WriteLineAsync($"--messages, --devices and --step: {problem}. See --help.");
            return ExitStatus.Usage;
        }

        using var signals = new StopSignals();
        try
        {
            using var telemetry = ConsoleTelemetry.Start("simulator"); // at its disposal the last spans and numbers go out
            var invocation = new RunInvocation(options, parsed.GetValue(_broker)!, parsed.GetValue(_api)!)
            {
                Clients = new MqttClientFactory(telemetry?.Loggers),
                NameWasGiven = givenName is not null,
                ReportPath = parsed.GetValue(_report),
                ApiTimeout = parsed.GetValue(_apiTimeout),
            };
            return await invocation.ExecuteAsync(signals.Token);
        }
        catch (OptionsValidationException error)
        {
            await Console.Error.WriteLineAsync(string.Join("; ", error.Failures));
            return ExitStatus.Usage;
        }
    }
}
