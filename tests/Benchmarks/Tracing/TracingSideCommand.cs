using System.CommandLine;
using Tally.Benchmarks.Pipeline;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.Benchmarks.Tracing;

/// <summary>
/// The hidden verb that is the simulator of the verb <c>tracing</c>: one process for all slices, so that they measure neither its start nor
/// the JIT compiler; its environment says whether it exports, as with the simulator itself.
/// </summary>
internal static class TracingSideCommand
{
    /// <summary>Name of the verb.</summary>
    public const string Verb = "tracing-side";

    /// <summary>Environment variable with the broker's address.</summary>
    public const string BrokerVariable = "TALLY_BENCHMARK_BROKER";

    /// <summary>Line that follows a run whose readings are all stored and acknowledged; any other says what it was instead.</summary>
    public const string Done = "done";

    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var messages = new Argument<int>("messages");
        var devices = new Argument<int>("devices");
        var every = new Argument<int>("every");
        var rate = new Argument<int>("rate");
        var command = new Command(Verb) { messages, devices, every, rate };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var broker = new Uri(Environment.GetEnvironmentVariable(BrokerVariable)
                ?? throw new InvalidOperationException($"{BrokerVariable} is not set; '{Verb}' is started by 'tracing'."));
            using var telemetry = ConsoleTelemetry.Start("simulator");
            var executor = new RunExecutor(new MqttClientFactory(), TimeProvider.System);
            while (await Console.In.ReadLineAsync(cancellationToken) is { } run)
            {
                var options = new RunOptions
                {
                    Run = run,
                    Messages = parsed.GetValue(messages),
                    Devices = parsed.GetValue(devices),
                    Rate = parsed.GetValue(rate),
                    TraceEvery = parsed.GetValue(every),
                    DropCounterTimeout = TimeSpan.Zero, // a second of waiting is no part of a message
                    Start = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()),
                };
                var outcome = await executor.ExecuteAsync(options, broker, new NoProgress(), cancellationToken);
                Console.WriteLine(outcome.End == RunEnd.Completed && outcome.Stored.Count == options.Messages
                    ? Done
                    : $"Run {run}: {outcome.End}, {outcome.Stored.Count:N0} of {options.Messages:N0} acknowledged as stored.");
            }
        });
        return command;
    }
}
