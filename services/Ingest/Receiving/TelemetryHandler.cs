using System.Threading.Channels;
using Tally.Ingest.Storing;
using Tally.Mqtt;

namespace Tally.Ingest.Receiving;

/// <summary>
/// Listens to the delivering connection: reads messages straight into a batch and hands the batch on when it is full, or
/// when <see cref="IngestOptions.BatchTime"/> has passed since its first message and the writer has nothing else to do.
/// (While the writer is busy, a batch that is due goes on filling: many small batches would only make it busier.)
/// When no batch is free, the socket is not read.
/// </summary>
internal sealed class TelemetryHandler : IMqttHandler, IDisposable
{
    private readonly MessageReader _reader;
    private readonly ForeignIdentities _foreign;
    private readonly BatchPool _pool;
    private readonly ChannelWriter<PendingBatch> _filled;
    private readonly TimeProvider _time;
    private readonly IngestOptions _options;
    private readonly ITimer _timer;
    private readonly Lock _gate = new(); // the receive loop fills; the timer and the writer hand on
    private readonly Queue<long> _handedOn = new(); // when the batches on their way began; they are settled in this order
    private PendingBatch _current;
    private bool _due;
    private bool _writerIdle;
    private bool _stopped;
    private readonly Channel<int> _resumed = Channel.CreateBounded<int>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile SessionState _session = new(0, Connected: false, Present: false);

    public TelemetryHandler(
        MessageReader reader, ForeignIdentities foreign, BatchPool pool, FilledBatches filled, IngestOptions options, TimeProvider time)
    {
        (_reader, _foreign, _pool, _filled, _time, _options) = (reader, foreign, pool, filled.Writer, time, options);
        _current = pool.TakeSurplus();
        _timer = time.CreateTimer(static handler => ((TelemetryHandler)handler!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The connection as it stands.</summary>
    public SessionState Session => _session;

    /// <summary>Epochs of connections on which a backlog is delivered first; the last one counts.</summary>
    public ChannelReader<int> Resumed => _resumed.Reader;

    /// <summary>How long the oldest message that is received and not acknowledged has waited; null when there is none.</summary>
    public TimeSpan? OldestPending
    {
        get
        {
            lock (_gate)
            {
                if (_handedOn.TryPeek(out var since)) return _time.GetElapsedTime(since);
                return _current.MessageCount > 0 ? _time.GetElapsedTime(_current.StartedAt) : null;
            }
        }
    }

    /// <inheritdoc/>
    public void OnConnected(in MqttConnected connected)
    {
        // Packet identifiers of a lost session say nothing about this one's.
        if (!connected.SessionPresent) _foreign.Forget();
        lock (_gate) _reader.IsCatchingUp = connected.SessionPresent;
        if (connected.SessionPresent) _resumed.Writer.TryWrite(connected.Epoch);
        _session = new SessionState(connected.Epoch, Connected: true, connected.SessionPresent);
    }

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected) => _session = _session with { Connected = false };

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        lock (_gate)
        {
            if (_stopped) return; // not acknowledged either: it is delivered again
            if (_current.MessageCount > 0 && _current.Epoch != message.Delivery.Epoch) HandOn(_pool.TakeSurplus());
            _reader.Read(message, _current);
            if (_current.MessageCount == 1) _timer.Change(_options.BatchTime, Timeout.InfiniteTimeSpan);

            // Without a free batch this one grows until the read is over; then the socket waits.
            if (_current.IsFull && _pool.TryTake(out var next)) HandOn(next);
        }
    }

    /// <inheritdoc/>
    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_stopped) return WaitForTheEndAsync(cancellationToken);
            return _current.IsFull ? WaitForFreeBatchAsync(cancellationToken) : ValueTask.CompletedTask;
        }
    }

    /// <summary>The backlog of a connection is over.</summary>
    public void OnCaughtUp(int epoch)
    {
        lock (_gate)
        {
            if (epoch == _session.Epoch) _reader.IsCatchingUp = false;
        }
    }

    /// <summary>The writer has written all that it was given.</summary>
    public void OnWriterIdle()
    {
        lock (_gate)
        {
            _writerIdle = true;
            HandOnIfDue();
        }
    }

    /// <summary>A batch that was handed on is settled, and back in the pool.</summary>
    public void OnBatchSettled()
    {
        lock (_gate)
        {
            _handedOn.TryDequeue(out _);
            HandOnIfDue();
        }
    }

    /// <summary>Takes no more messages, and hands on those taken.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_stopped) return;
            _stopped = true;
            _current.Seal();
            if (_current.MessageCount > 0) _filled.TryWrite(_current);
            _filled.TryComplete();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private static async ValueTask WaitForTheEndAsync(CancellationToken cancellationToken) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async ValueTask WaitForFreeBatchAsync(CancellationToken cancellationToken)
    {
        PendingBatch next;
        try
        {
            next = await _pool.TakeAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return; // the connection ends; the batch waits for its turn as it is
        }

        lock (_gate)
        {
            if (_current.IsFull && !_stopped) HandOn(next);
            else _pool.Return(next); // it was due, and handed on, in the meantime
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _due = true;
            HandOnIfDue();
        }
    }

    private void HandOnIfDue()
    {
        if (_due && _writerIdle && !_stopped && _current.MessageCount > 0 && _pool.TryTake(out var next)) HandOn(next);
    }

    private void HandOn(PendingBatch next)
    {
        _current.Seal();
        _handedOn.Enqueue(_current.StartedAt);
        _filled.TryWrite(_current); // unbounded: the pool bounds it
        _current = next;
        (_due, _writerIdle) = (false, false);
    }
}
