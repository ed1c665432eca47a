using Tally.Contracts;
using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;

namespace Tally.SensorSimulator.Runs;

/// <summary>What a run publishes, and how long it waits for whom.</summary>
internal sealed record RunOptions
{
    /// <summary>Name of the run: 1 to 64 of letters, digits, '.', '_', '-'.</summary>
    public required string Run { get; init; }

    /// <summary>Readings to publish.</summary>
    public long Messages { get; init; } = 1_000_000;

    /// <summary>Devices that take turns.</summary>
    public int Devices { get; init; } = 100;

    /// <summary>Readings per second; 0: as fast as acknowledgements allow.</summary>
    public double Rate { get; init; }

    /// <summary>QoS of the readings.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>Name of the source.</summary>
    public string Source { get; init; } = "synthetic";

    /// <summary>Seed of the values.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Time of every series' first reading; whole milliseconds, because that is what the payload holds.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>
    /// Time between two readings of a series, whole milliseconds. A million readings of a hundred devices span seventeen
    /// minutes, so that a run stays on one day's partition nearly always.
    /// </summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>One of so many readings is traced, where traces go anywhere; 1: all, 0: none. A trace costs some twenty times what a reading does.</summary>
    public int TraceEvery { get; init; } = 1_000;

    /// <summary>The window and its re-send rule.</summary>
    public WindowOptions Window { get; init; } = new();

    /// <summary>Time for the first connection. AppHost starts this when the broker is ready; half a minute covers a broker that reloads a large queue.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The run is given up after so long without any acknowledgement: twice the longest pause between probes.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How long to wait for the broker's drop counter after the last acknowledgement. With <c>sys_interval 1</c> an idle
    /// Mosquitto speaks every two seconds (tried), so this is two of its ticks and a second.
    /// </summary>
    public TimeSpan DropCounterTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the end may take to send what is buffered and DISCONNECT; Ctrl-C has to be over in five seconds.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long the broker keeps the session after the connection broke: longer than a restart of the broker or of the
    /// network between, and short enough that a run that was killed leaves nothing behind.
    /// </summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Identities and times of the run.</summary>
    public RunPlan ToPlan() => new(Messages, Devices, Start, Step);
}
