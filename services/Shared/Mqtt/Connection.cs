using System.IO.Pipelines;

namespace Tally.Mqtt;

/// <summary>One connection, from CONNECT to its end, with what its three loops share.</summary>
internal sealed class Connection : IAsyncDisposable
{
    // One read takes at most this much: as much as a gathered stream brings, with reserve.
    private const int ReadSize = 128 * 1024;

    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Transport _transport;
    private volatile bool _finishing;

    public Connection(Transport transport)
    {
        _transport = transport;
        Input = PipeReader.Create(transport.Stream, new StreamPipeReaderOptions(bufferSize: ReadSize, minimumReadSize: ReadSize / 4));
    }

    public Stream Stream => _transport.Stream;

    public PipeReader Input { get; }

    /// <summary>Wakes the send loop.</summary>
    public AsyncSignal SendSignal { get; } = new();

    /// <summary>Wakes the receive loop when it waits for the broker to take acknowledgements.</summary>
    public AsyncSignal DrainSignal { get; } = new();

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

    /// <summary>The end has begun for good: nothing is waited for any more.</summary>
    public CancellationToken Aborting => _aborting.Token;

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

    /// <summary>Gives up writing after that time.</summary>
    public void AbortAfter(TimeSpan time) => _aborting.CancelAfter(time);

    public Task CloseGracefullyAsync() => _transport.CloseGracefullyAsync(Aborting);

    public async ValueTask DisposeAsync()
    {
        await Input.CompleteAsync();
        await _transport.DisposeAsync();
        _ending.Dispose();
        _aborting.Dispose();
    }
}
