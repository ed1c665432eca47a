using System.Net;
using System.Net.Sockets;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>Passes TCP connections on to a broker, and cuts them when told.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private readonly List<Task> _pumps = [];
    private readonly int _target;
    private readonly Task _accepting;

    public CuttableProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        Cut();
        await Task.WhenAll(_pumps);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_stop.Token);
                var far = new TcpClient { NoDelay = true };
                await far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                near.NoDelay = true;
                lock (_gate) _open.AddRange([near, far]);
                _pumps.Add(PumpAsync(near, far));
                _pumps.Add(PumpAsync(far, near));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
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
