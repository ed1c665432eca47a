using System.CommandLine;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.SensorSimulator.Watching;
using Tally.ServiceDefaults;

namespace Tally.SensorSimulator.Commands;

/// <summary>The options of <c>watch</c>.</summary>
internal sealed class WatchCommand
{
    private readonly Argument<string> _filter = new("filter") { Description = "Topic filter, such as telemetry/# or acks/+." };
    private readonly Option<long> _every = Parsing.Whole("--every", "Print the count after every N messages; 0: only at the end.", 1_000, 0, 1_000_000_000);
    private readonly Option<long> _count = Parsing.Whole("--count", "Stop after N messages; 0: never.", 0, 0, long.MaxValue);
    private readonly Option<long> _qos = Parsing.Whole("--qos", "Highest QoS to receive with.", 1, 0, 2);
    private readonly Option<TimeSpan> _connectTimeout = Parsing.Time("--connect-timeout", "Time for the first connection to the broker.", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
    private readonly Option<Uri?> _broker = Parsing.Broker("--broker", "The broker; what its user may read is shown.", "ConnectionStrings__mqtt");

    /// <summary>Makes a command watch.</summary>
    public Command AddTo(Command command)
    {
        _filter.Validators.Add(result =>
        {
            var filter = result.GetValueOrDefault<string>();
            if (!TopicFilter.IsValid(filter)) result.AddError($"filter is '{filter}': expected a topic filter, with '+' for one whole level and '#' for the last ones, such as telemetry/#");
        });
        command.Arguments.Add(_filter);
        foreach (var option in (Option[])[_every, _count, _qos, _connectTimeout, _broker]) command.Options.Add(option);
        command.SetAction((parsed, _) => ExecuteAsync(parsed));
        return command;
    }

    private async Task<int> ExecuteAsync(ParseResult parsed)
    {
        using var signals = new StopSignals();
        var watch = new Watch(MqttSettings.FromEnvironment().ApplyTo(new MqttClientFactory()), Console.Out)
        {
            Filter = parsed.GetValue(_filter)!,
            Every = parsed.GetValue(_every),
            Count = parsed.GetValue(_count),
            Qos = (MqttQos)parsed.GetValue(_qos),
            ConnectTimeout = parsed.GetValue(_connectTimeout),
        };
        try
        {
            await watch.RunAsync(parsed.GetValue(_broker)!, signals.Token);
            return ExitStatus.Balanced; // Ctrl-C is how one ends it
        }
        catch (RunEnvironmentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitStatus.Environment;
        }
    }
}
