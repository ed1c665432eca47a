using System.Threading.Channels;
using MQTTnet.LowLevelClient;
using MQTTnet.Packets;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>One connection, from CONNECT to its end, with what its loops share.</summary>
/// <param name="net">MQTTnet's part of it.</param>
/// <param name="wire">Where packets gather; null: each goes out by itself.</param>
internal sealed class NetConnection(ILowLevelMqttClient net, GatheringStream? wire) : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Bounded by who writes to it: messages up to a number, acknowledgements because nothing is read while too many wait.
    private readonly Channel<OutgoingPacket> _outgoing = Channel.CreateUnbounded<OutgoingPacket>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<PendingPublish> _gathered = []; // handed to MQTTnet and not yet flushed, of those somebody waits for
    private readonly Lock _gate = new();
    private TaskCompletionSource? _drained;
    private ConnectionEnd? _word;
    private int _queued;

    /// <summary>Number of it; 0 before CONNACK.</summary>
    public int Epoch { get; set; }

    /// <summary>Version spoken on it.</summary>
    public MqttProtocolVersion Version { get; init; }

    /// <summary>Zero: none.</summary>
    public TimeSpan KeepAlive { get; set; }

    /// <summary>Of CONNACK, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long ConnectedAt { get; set; }

    /// <summary>When a packet last went out, likewise.</summary>
    public long LastSent { get; set; } = Environment.TickCount64;

    /// <summary>When a packet last came in, likewise.</summary>
    public long LastReceived { get; set; } = Environment.TickCount64;

    /// <summary>The owner holds the broker back: its silence is our own doing.</summary>
    public bool Paused { get; set; }

    /// <summary>Topics that the broker has given a number (3.3.2.3.4).</summary>
    public Dictionary<ushort, string> Aliases { get; } = [];

    /// <summary>The loops shall come to their end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Done when it came to its end, with the reason.</summary>
    public Task<ConnectionEnd> Ended => _end.Task;

    /// <summary>Packets that wait to be sent.</summary>
    public int Queued => Volatile.Read(ref _queued);

    /// <summary>Waits for the next packet.</summary>
    public Task<MqttPacket> ReceiveAsync() => net.ReceiveAsync(_aborting.Token);

    /// <summary>Waits for the next packet until that; after it this can be left open or closed, and nothing else.</summary>
    public async Task<MqttPacket> ReceiveAsync(CancellationToken limit)
    {
        var receiving = ReceiveAsync();
        try
        {
            return await receiving.WaitAsync(limit);
        }
        catch (OperationCanceledException)
        {
            // When it is closed this fails, which nobody is to hear of.
            _ = receiving.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>It came.</summary>
    public void CountReceived()
    {
        LastReceived = Environment.TickCount64;
        wire?.CountPacket();
    }

    /// <summary>Sends a packet while the send loop does not run.</summary>
    public async Task SendAtOnceAsync(MqttPacket packet)
    {
        await net.SendAsync(packet, _aborting.Token);
        await FlushAsync();
    }

    /// <summary>Puts a packet behind the others.</summary>
    public void Send(MqttPacket packet, PendingPublish? written = null)
    {
        if (_outgoing.Writer.TryWrite(new OutgoingPacket(packet, written))) Interlocked.Increment(ref _queued);
    }

    /// <summary>Sends what there is and what comes, until <see cref="Finish"/>; what is there at once goes out together.</summary>
    /// <param name="sent">Called after each packet.</param>
    public async Task SendAllAsync(Action sent)
    {
        while (await _outgoing.Reader.WaitToReadAsync(_aborting.Token))
        {
            while (_outgoing.Reader.TryRead(out var next))
            {
                if (next.Written is not null) _gathered.Add(next.Written);
                await net.SendAsync(next.Packet, _aborting.Token);
                LastSent = Environment.TickCount64;
                Interlocked.Decrement(ref _queued);
                lock (_gate) _drained?.TrySetResult();
                sent();
            }

            await FlushAsync();
        }
    }

    /// <summary>Those that wait for a packet to be written which never was.</summary>
    public IEnumerable<PendingPublish> Unwritten()
    {
        foreach (var pending in _gathered) yield return pending;
        while (_outgoing.Reader.TryRead(out var packet))
        {
            if (packet.Written is not null) yield return packet.Written;
        }
    }

    /// <summary>Waits until no more than that many packets wait to be sent, or the connection ends.</summary>
    public async Task UntilDrainedAsync(int most)
    {
        while (Queued > most && !Ending.IsCancellationRequested)
        {
            Task drained;
            lock (_gate) drained = (_drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            if (Queued > most) await drained.WaitAsync(Ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends it; the first reason counts.</summary>
    public void End(ConnectionEnd end)
    {
        if (_end.TrySetResult(end)) _ending.Cancel();
        else if (!end.WithoutAWord) _word ??= end;
    }

    /// <summary>
    /// Why it ended, when its loops have: MQTTnet closes the socket at the first error of one loop, and the other may be quicker to say
    /// that it was closed than the first one to say why.
    /// </summary>
    /// <param name="end">The first reason.</param>
    public ConnectionEnd InOtherWords(ConnectionEnd end) => end.WithoutAWord && _word is not null ? _word : end;

    /// <summary>Nothing is put behind any more: the send loop sends what there is and ends.</summary>
    public void Finish() => _outgoing.Writer.TryComplete();

    /// <summary>Closes the socket after that time, whatever still wants to be sent or received.</summary>
    public void AbortAfter(TimeSpan time)
    {
        if (time == TimeSpan.Zero) _aborting.Cancel();
        else _aborting.CancelAfter(time);
    }

    public void Dispose()
    {
        net.Dispose();
        _ending.Dispose();
        _aborting.Dispose();
    }

    private async Task FlushAsync()
    {
        if (wire is not null) await wire.FlushAsync(_aborting.Token);
        foreach (var written in _gathered) written.TrySetResult(MqttReasonCode.Success);
        _gathered.Clear();
    }
}

/// <summary>A packet to send, and who waits for it to have been written.</summary>
internal readonly record struct OutgoingPacket(MqttPacket Packet, PendingPublish? Written);
