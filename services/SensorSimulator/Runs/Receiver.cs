using System.Buffers.Binary;
using System.Text.Json;
using Tally.Contracts;
using Tally.Mqtt;

namespace Tally.SensorSimulator.Runs;

/// <summary>What arrives for a run: acknowledgements, PUBACKs, the broker's own counters. Runs on the connection's loop.</summary>
internal sealed class Receiver(ActiveRun run) : IMqttHandler, IAcknowledgementVisitor
{
    private long? _probe;
    private bool _malformedNoted;

    /// <summary>The client that this is the handler of; set before it connects.</summary>
    public IMqttClient? Client { get; set; }

    /// <inheritdoc/>
    public void OnConnected(in MqttConnected connected)
    {
        lock (run.Gate)
        {
            if (connected.Epoch > 1)
            {
                run.Drops.OnReconnected();
                if (!connected.SessionPresent)
                {
                    run.Window.OnSessionLost();
                    run.Announcing.OnSessionLost();
                }
            }

            run.WasConnected = true;
            run.Disconnected = null;
        }

        if (connected.Epoch > 1)
        {
            run.Note(connected.SessionPresent
                ? "connected again; the broker kept the session"
                : "connected again; the broker forgot the session: sending again what is not acknowledged");
        }

        run.WakeSender.Set();
    }

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected)
    {
        lock (run.Gate) run.Disconnected = disconnected.Message;
        if (disconnected is { Epoch: > 0, Reason: not MqttReasonCode.Success }) run.Note(disconnected.Message); // success: our own DISCONNECT
    }

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        lock (run.Gate)
        {
            if (message.Topic.StartsWith("$SYS/"u8)) run.Drops.OnMessage(message.Topic, message.Payload, message.Packet.Retain);
            else ReadAcknowledgement(message);
        }

        Client!.Acknowledge(message.Delivery);
        run.WakeSender.Set();
        run.WakeObserver.Set();
    }

    /// <inheritdoc/>
    public void OnPublished(long token, MqttReasonCode reason)
    {
        if (run.Traces.IsOn) run.Traces.OnPublished(token, reason);
        if (reason == MqttReasonCode.Success)
        {
            // Once for every reading: the lock is taken only where it matters.
            if (!run.Window.IsRefused) return;
            lock (run.Gate) run.Window.OnAccepted();
            run.WakeSender.Set();
            return;
        }

        lock (run.Gate)
        {
            if (IsFinal(reason)) run.Failure ??= new RunEnvironmentException($"The broker does not take what is published ({reason}, 0x{(int)reason:x2}): is its user allowed to publish telemetry/# and runs/#?");
            else if (token < 0) run.Announcing.OnRefused(Announcements.StateOf(token));
            else run.Window.OnRefused(token);
        }

        run.WakeObserver.Set();
    }

    void IAcknowledgementVisitor.OnAnnounced(RunState state) => run.Announcing.OnAcknowledged(state);

    void IAcknowledgementVisitor.OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool stored)
    {
        var number = RunPlan.DeviceNumber(device);
        if ((uint)number >= (uint)run.Plan.Devices || !metric.SequenceEqual(run.Metric)) return;
        // A range is taken as far as it was published: one that goes beyond costs no more than the run has readings.
        to = Math.Min(to, run.Plan.CountOf(number, run.Window.Published));
        for (var seq = Math.Max(1, from); seq <= to; seq++) OnAcknowledged(run.Plan.IndexOf(number, seq), stored);
    }

    void IAcknowledgementVisitor.OnReply(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long seq, bool stored)
    {
        ((IAcknowledgementVisitor)this).OnRange(device, metric, seq, seq, stored);
        if (_probe is { } position) run.Window.OnProbeReturned(position);
    }

    /// <summary>Answers that the same message would get again, however often it is sent.</summary>
    private static bool IsFinal(MqttReasonCode reason) => reason
        is MqttReasonCode.NotAuthorized
        or MqttReasonCode.TopicNameInvalid
        or MqttReasonCode.PacketTooLarge
        or MqttReasonCode.QosNotSupported
        or MqttReasonCode.PayloadFormatInvalid;

    private void OnAcknowledged(long index, bool stored)
    {
        if (run.Window.OnAcknowledged(index, stored) && run.Traces.IsOn) run.Traces.OnAcknowledged(index);
    }

    private void ReadAcknowledgement(in MqttMessage message)
    {
        var before = run.Window.Acknowledged;
        var span = run.Traces.BeginProcessing(message);
        _probe = BinaryPrimitives.TryReadInt64BigEndian(message.Packet.CorrelationData, out var position) ? position : null;
        try
        {
            AcknowledgementReader.Read(message.Payload, run.Name, this);
        }
        catch (JsonException error)
        {
            if (!_malformedNoted) run.Note($"an acknowledgement cannot be read and is passed over (said once): {error.Message}");
            _malformedNoted = true;
        }

        run.Traces.EndProcessing(span, run.Window.Acknowledged - before);
    }
}
