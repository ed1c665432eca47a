using System.Text.Json;
using Tally.Contracts;

namespace Tally.SensorSimulator.Runs;

/// <summary>What a run says of itself on <c>runs/{run}</c>.</summary>
internal static class Announcements
{
    /// <summary>The token of an announcement towards the MQTT client; those of readings are positive.</summary>
    public static long TokenOf(RunState state) => -(long)state;

    /// <summary>The other way round.</summary>
    public static RunState StateOf(long token) => (RunState)(-token);

    /// <summary>The payload of an announcement, JSON.</summary>
    public static byte[] PayloadOf(ActiveRun run, RunState state) => JsonSerializer.SerializeToUtf8Bytes(
        new RunAnnouncement
        {
            Run = run.Options.Run,
            State = state,
            Expected = run.Plan.Expected,
            Published = state == RunState.Finished ? run.Plan.Expected : null,
            Devices = run.Plan.Devices,
            Metric = run.Source.Metric,
            Unit = run.Source.Unit,
            Qos = (int)run.Options.Qos,
            Source = run.Source.Name,
            Seed = run.Options.Seed,
            Start = run.Plan.Start,
            StepMicroseconds = run.Plan.Step.Ticks / TimeSpan.TicksPerMicrosecond,
        },
        ContractsJson.Default.RunAnnouncement);
}
