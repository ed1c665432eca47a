using System.Buffers.Binary;
using System.Text;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;

namespace Tally.SensorSimulator.Runs;

/// <summary>
/// Publishes a run: announcements first, then what the window chooses, in bursts until window or client have no room.
/// Allocates nothing of its own per reading.
/// </summary>
internal sealed class Sender(ActiveRun run, IMqttClient client)
{
    /// <summary>When nothing wakes the sender: how soon it sees by itself that a probe is due.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly Pacer _pacer = new(run.Options.Rate, run.Time);
    private readonly byte[] _payload = new byte[NativeReadingWriter.MaxBytes];
    private readonly byte[] _correlation = new byte[sizeof(long)];
    private readonly byte[] _unit = Encoding.UTF8.GetBytes(run.Source.Unit);
    private readonly string _announcementTopic = Topics.Run(run.Options.Run);
    private readonly string[] _topics =
        [.. Enumerable.Range(0, run.Plan.Devices).Select(device => Topics.Telemetry(RunPlan.DeviceName(device), run.Source.Metric))];

    /// <summary>Publishes until everything is acknowledged.</summary>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var wake = cancellationToken.UnsafeRegister(static signal => ((Signal)signal!).Set(), run.WakeSender);
        lock (run.Gate) run.Announcing.Announce(RunState.Started);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (SendNext(out var wait))
            {
                case Step.Sent:
                    break;
                case Step.NoRoom:
                    await client.WaitToPublishAsync(cancellationToken);
                    break;
                case Step.NothingToSend:
                    await run.WakeSender.WaitAsync(wait);
                    break;
                default:
                    return;
            }
        }
    }

    private enum Step
    {
        Sent,
        NoRoom,
        NothingToSend,
        Complete,
    }

    private Step SendNext(out TimeSpan wait)
    {
        bool announce, publish;
        RunState state;
        Publication next = default;
        wait = LongestWait;
        lock (run.Gate)
        {
            if (run.Window.Published == run.Plan.Expected) run.Announcing.Announce(RunState.Finished);
            if (run.IsComplete) return Step.Complete;
            announce = run.Announcing.TryNext(out state);
            publish = !announce && run.Window.TryNext(IsDue(ref wait), out next);
        }

        if (announce) return SendAnnouncement(state);
        return publish ? SendReading(next) : Step.NothingToSend;
    }

    private bool IsDue(ref TimeSpan wait)
    {
        var until = _pacer.UntilDue(run.Window.Published);
        if (until <= TimeSpan.Zero) return true;
        if (until < wait) wait = until;
        return false;
    }

    private Step SendReading(in Publication next)
    {
        var (device, seq) = run.Plan.IdentityOf(next.Index);
        var at = run.Plan.AtOf(seq).UtcDateTime;
        var length = NativeReadingWriter.Write(_payload, run.Name, seq, at, run.Source.ValueOf(device, seq, at), _unit);
        BinaryPrimitives.WriteInt64BigEndian(_correlation, next.Position);
        var traced = run.Traces.IsOn && run.Traces.IsSampled(next.Index);
        if (run.FirstPublishAt == 0) run.FirstPublishAt = run.Time.GetTimestamp();
        var publication = new MqttPublication
        {
            Topic = _topics[device],
            Payload = _payload.AsMemory(0, length),
            ResponseTopic = run.AckTopic,
            // It comes back with the answer to this very sending, so a probe is told from the reading's first sending.
            CorrelationData = next.Kind == PublicationKind.Probe ? _correlation : null,
            UserProperties = traced ? run.Traces.BeginPublishing(next, _topics[device], seq, length, run.Time.GetUtcNow()) : null,
            Qos = run.Options.Qos,
        };
        if (client.TryPublish(publication, next.Token)) return Step.Sent;

        if (traced) run.Traces.Withdraw(next);
        lock (run.Gate) run.Window.Withdraw(next);
        return Step.NoRoom;
    }

    private Step SendAnnouncement(RunState state)
    {
        var publication = new MqttPublication
        {
            Topic = _announcementTopic,
            Payload = Announcements.PayloadOf(run, state),
            ResponseTopic = run.AckTopic,
            Qos = MqttQos.AtLeastOnce,
        };
        if (client.TryPublish(publication, Announcements.TokenOf(state))) return Step.Sent;

        lock (run.Gate) run.Announcing.Withdraw(state);
        return Step.NoRoom;
    }
}
