using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.SensorSimulator;

/// <summary>
/// Names, spans and instruments of the simulator; the tests listen to the same. Spans follow OpenTelemetry's conventions for
/// messaging. What a run counts by itself is read from it when somebody collects, so it costs nothing per reading.
/// </summary>
internal static class SimulatorTelemetry
{
    /// <summary>Name of the source of spans and of the meter.</summary>
    public const string Name = "Tally.SensorSimulator";

    /// <summary>Attribute of a sampled reading: its run.</summary>
    public const string Run = "tally.run";

    /// <summary>Attribute of a sampled reading: its number in its run and series.</summary>
    public const string Seq = "tally.seq";

    private const string TelemetryTemplate = "telemetry/{device}";
    private const string AcksTemplate = "acks/{publisher}";

    /// <summary>Spans.</summary>
    public static readonly ActivitySource Spans = new(Name);

    /// <summary>Time from the first sending of a reading to its acknowledgement.</summary>
    public static readonly Histogram<double> PublishToAcknowledged;

    private static readonly Meter Meter = new(Name);
    private static readonly Lock Gate = new();
    private static readonly List<ActiveRun> Active = [];
    private static RunTotals _ended;

    static SimulatorTelemetry()
    {
        PublishToAcknowledged = Meter.CreateDuration(
            "tally.simulator.publish_to_acknowledged.duration", "Time from the first sending of a reading to its acknowledgement.");
        Meter.CreateObservableCounter("tally.simulator.readings.published", () => Totals().Published, "{reading}", "Different readings published.");
        Meter.CreateObservableCounter("tally.simulator.readings.acknowledged", () => Totals().Acknowledged, "{reading}", "Readings acknowledged, as stored or as rejected.");
        Meter.CreateRate("tally.simulator.readings.published.rate", "{reading}/s", "Different readings published per second.", () => Totals().Published);
        Meter.CreateRate("tally.simulator.readings.acknowledged.rate", "{reading}/s", "Readings acknowledged per second.", () => Totals().Acknowledged);
        Meter.CreateObservableCounter("tally.simulator.readings.resent", () => Totals().Resent, "{reading}", "Copies sent, probes included.");
        Meter.CreateObservableUpDownCounter("tally.simulator.readings.unacknowledged", () => Totals().Unacknowledged, "{reading}", "Readings that wait for their acknowledgement.");
    }

    /// <summary>A run begins to count.</summary>
    public static void Begin(ActiveRun run)
    {
        lock (Gate) Active.Add(run);
    }

    /// <summary>A run is over; what it counted stays.</summary>
    public static void End(ActiveRun run)
    {
        lock (Gate)
        {
            Active.Remove(run);
            _ended += RunTotals.Of(run) with { Unacknowledged = 0 };
        }
    }

    /// <summary>Starts the span of a sampled reading: its trace begins here.</summary>
    public static Activity? StartPublish(string topic, int bytes, string run, long seq) =>
        MqttSpan.Publish(Spans, TelemetryTemplate, topic, default)?.SetTag(MqttSpan.BodySize, bytes).SetTag(Run, run).SetTag(Seq, seq);

    /// <summary>Starts the span of an acknowledgement, as far as it speaks of a sampled reading.</summary>
    public static Activity? StartProcess(string topic, ActivityContext publisher) => MqttSpan.Process(Spans, AcksTemplate, topic, publisher);

    /// <summary>Starts the span of an acknowledgement that speaks of sampled readings.</summary>
    public static Activity? StartBatch(ActivityContext first) => MqttSpan.ProcessBatch(Spans, AcksTemplate, 0, first);

    private static RunTotals Totals()
    {
        lock (Gate) return Active.Aggregate(_ended, (sum, run) => sum + RunTotals.Of(run));
    }

    private readonly record struct RunTotals(long Published, long Acknowledged, long Resent, long Unacknowledged)
    {
        public static RunTotals operator +(RunTotals left, RunTotals right) => new(
            left.Published + right.Published,
            left.Acknowledged + right.Acknowledged,
            left.Resent + right.Resent,
            left.Unacknowledged + right.Unacknowledged);

        public static RunTotals Of(ActiveRun run)
        {
            lock (run.Gate)
            {
                var window = run.Window;
                return new RunTotals(window.Published, window.Acknowledged, window.Resent, window.Published - window.Acknowledged);
            }
        }
    }
}
