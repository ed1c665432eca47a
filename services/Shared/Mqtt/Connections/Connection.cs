using Tally.Mqtt.Packets;

namespace Tally.Mqtt.Connections;

/// <summary>One connection, from CONNECT to its end, with what its three loops share.</summary>
internal sealed class Connection : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _toSend = new(false, spinCount: 0);
    private readonly ManualResetEventSlim _drained = new(false, spinCount: 0);
    private readonly Transport _transport;
    private volatile bool _finishing;

    public Connection(Transport transport, int maximumPacketSize)
    {
        (_transport, Input) = (transport, new PacketBuffer(maximumPacketSize));
        _aborting.Token.UnsafeRegister(static transport => ((Transport)transport!).Abort(), transport);
    }

    public Stream Stream => _transport.Stream;
    public PacketBuffer Input { get; }
    public int Epoch { get; set; } // set once CONNACK was seen
    public long ConnectedAt { get; set; } // CONNACK; as those below, in milliseconds of Environment.TickCount64
    public long LastSent { get; set; } = Environment.TickCount64;
    public long LastReceived { get; set; } = Environment.TickCount64;
    public TimeSpan KeepAlive { get; set; } // zero: none
    public bool Paused { get; set; } // the owner holds the broker back: its silence is our own doing
    public CancellationToken Ending => _ending.Token; // loops shall come to their end
    public bool IsAborted => _aborting.IsCancellationRequested; // the socket is closed
    public bool Finishing => _finishing; // nothing is appended any more: the send loop writes what there is and closes
    public Task<ConnectionEnd> Ended => _end.Task;

    /// <summary>Wakes the send loop.</summary>
    public void Send() => Set(_toSend);

    /// <summary>For the send loop: until there is something to send. What is said while it does not wait is kept.</summary>
    public void WaitToSend() => Wait(_toSend);

    /// <summary>Wakes the receive loop where it waits for the broker to take acknowledgements.</summary>
    public void SayDrained() => Set(_drained);

    public void WaitUntilDrained() => Wait(_drained);

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void End(ConnectionEnd end)
    {
        if (!_end.TrySetResult(end)) return;
        _ending.Cancel();
        SayDrained();
        Send();
    }

    public void Finish()
    {
        _finishing = true;
        Send();
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
        foreach (var part in (IDisposable[])[_transport, _ending, _aborting, _toSend, _drained]) part.Dispose();
    }

    // Whoever waits takes the signal back first and looks at its work then: what was done before this call is seen.
    private static void Set(ManualResetEventSlim signal)
    {
        if (!signal.IsSet) signal.Set();
    }

    private static void Wait(ManualResetEventSlim signal)
    {
        signal.Wait();
        signal.Reset();
    }
}
