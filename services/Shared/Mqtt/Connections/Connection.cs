using Tally.Mqtt.Packets;

namespace Tally.Mqtt.Connections;

/// <summary>One connection, from CONNECT to its end, with what its three loops share.</summary>
internal sealed class Connection : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Transport _transport;
    private volatile bool _finishing;

    public Connection(Transport transport, int maximumPacketSize)
    {
        (_transport, Input) = (transport, new PacketBuffer(maximumPacketSize));
        _aborting.Token.UnsafeRegister(static transport => ((Transport)transport!).Abort(), transport);
    }

    public Stream Stream => _transport.Stream;

    public PacketBuffer Input { get; }

    /// <summary>Wakes the send loop.</summary>
    public ThreadSignal SendSignal { get; } = new();

    /// <summary>Wakes the receive loop when it waits for the broker to take acknowledgements.</summary>
    public ThreadSignal DrainSignal { get; } = new();

    /// <summary>Set once CONNACK was seen.</summary>
    public int Epoch { get; set; }

    /// <summary>Of the broker's CONNACK, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long ConnectedAt { get; set; }

    /// <summary>Zero: none.</summary>
    public TimeSpan KeepAlive { get; set; }

    /// <summary>When bytes were last written, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long LastSent { get; set; } = Environment.TickCount64;

    /// <summary>When bytes last came, likewise.</summary>
    public long LastReceived { get; set; } = Environment.TickCount64;

    /// <summary>The owner holds the broker back: its silence is our own doing.</summary>
    public bool Paused { get; set; }

    /// <summary>Loops shall come to their end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>The end has begun for good: the socket is closed.</summary>
    public bool IsAborted => _aborting.IsCancellationRequested;

    /// <summary>Done when the connection came to its end, with the reason.</summary>
    public Task<ConnectionEnd> Ended => _end.Task;

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void End(ConnectionEnd end)
    {
        if (!_end.TrySetResult(end)) return;
        _ending.Cancel();
        DrainSignal.Set();
        SendSignal.Set();
    }

    /// <summary>Nothing is appended any more: the send loop writes what there is and closes.</summary>
    public bool Finishing => _finishing;

    public void Finish()
    {
        _finishing = true;
        SendSignal.Set();
    }

    /// <summary>Closes the socket after that time, whatever still wants to be written or read.</summary>
    public void AbortAfter(TimeSpan time)
    {
        if (time == TimeSpan.Zero) _aborting.Cancel();
        else _aborting.CancelAfter(time);
    }

    /// <summary>See <see cref="Transport.Explain"/>.</summary>
    public Exception Explain(Exception error) => Epoch == 0 ? _transport.Explain(error) : error;

    public void CloseSending() => _transport.CloseSending();

    public void StopReading() => _transport.StopReading();

    public void Dispose()
    {
        _transport.Dispose();
        _ending.Dispose();
        _aborting.Dispose();
    }
}
