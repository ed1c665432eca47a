using System.Net;
using System.Net.Sockets;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>The line between clients and a broker, which can be cut, taken down, and made to hold the broker's answers back.</summary>
internal sealed class Line : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private readonly List<Task> _pumps = [];
    private readonly int _broker;
    private readonly Task _accepting;
    private TaskCompletionSource _answers = Through();
    private bool _isDown;

    public Line(int broker)
    {
        _broker = broker;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The same address by way of this line.</summary>
    public Uri Through(Uri broker) => new UriBuilder(broker) { Port = Port }.Uri;

    /// <summary>Resets all connections in the middle of whatever they carry.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            foreach (var tcp in _open)
            {
                tcp.LingerState = new LingerOption(true, 0);
                tcp.Dispose();
            }

            _open.Clear();
        }
    }

    /// <summary>Cuts, and lets no connection through until <see cref="PutUp"/>.</summary>
    public void TakeDown()
    {
        lock (_gate) _isDown = true;
        Cut();
    }

    public void PutUp()
    {
        lock (_gate) _isDown = false;
    }

    /// <summary>What the broker says stays on the line until <see cref="ReleaseAnswers"/>.</summary>
    public void HoldAnswers()
    {
        lock (_gate) _answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void ReleaseAnswers()
    {
        lock (_gate) _answers.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        ReleaseAnswers();
        Cut();
        await Task.WhenAll(_pumps);
        _listener.Dispose();
        _stop.Dispose();
    }

    private static TaskCompletionSource Through()
    {
        var through = new TaskCompletionSource();
        through.SetResult();
        return through;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_stop.Token);
                var far = new TcpClient { NoDelay = true };
                near.NoDelay = true;
                lock (_gate)
                {
                    _open.AddRange([near, far]);
                    if (_isDown)
                    {
                        Cut();
                        continue;
                    }
                }

                await far.ConnectAsync(IPAddress.Loopback, _broker, _stop.Token);
                _pumps.Add(PumpAsync(near, far, isAnswer: false));
                _pumps.Add(PumpAsync(far, near, isAnswer: true));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer)
    {
        var bytes = new byte[32 * 1024];
        try
        {
            var (source, sink) = (from.GetStream(), to.GetStream());
            while (await source.ReadAsync(bytes) is > 0 and var count)
            {
                if (isAnswer)
                {
                    Task released;
                    lock (_gate) released = _answers.Task;
                    await released;
                }

                await sink.WriteAsync(bytes.AsMemory(0, count));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It was cut.
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(from);
                _open.Remove(to);
                from.Dispose();
                to.Dispose();
            }
        }
    }
}
