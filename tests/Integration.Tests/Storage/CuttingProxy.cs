using System.Net;
using System.Net.Sockets;

namespace Tally.Integration.Tests.Storage;

/// <summary>What <see cref="CuttingProxy"/> does with the next COMMIT.</summary>
public enum AtCommit
{
    /// <summary>Passes it on, and its answer.</summary>
    Pass,

    /// <summary>Passes it on and cuts the client off instead of answering: it happened, and nobody knows.</summary>
    CutAnswer,

    /// <summary>Cuts both off instead of passing it on: it did not happen, and nobody knows.</summary>
    CutRequest,

    /// <summary>Cuts the client off and passes it on when told to: it happens later.</summary>
    Delay,
}

/// <summary>Stands between a client and PostgreSQL and cuts the connection at COMMIT.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    // A query message of the protocol: 'Q', its length, its text, NUL.
    private static readonly byte[] Commit = [(byte)'Q', 0, 0, 0, 11, .. "COMMIT\0"u8];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _connections = [];
    private readonly TaskCompletionSource _delayed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;

    public CuttingProxy(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What happens to each of the next COMMITs; then they pass.</summary>
    public Queue<AtCommit> Plan { get; } = [];

    /// <summary>Passes on the COMMIT that was delayed.</summary>
    public void PassDelayed() => _delayed.SetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (OperationCanceledException)
            {
                return; // disposed
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using (client)
        {
            try
            {
                await server.ConnectAsync(_host, _port, cut.Token);
                await new Connection(this, client, server, cut).PassAsync();
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
            {
                // One side is gone, and so is the other with this method.
            }
        }
    }

    private sealed class Connection(CuttingProxy proxy, TcpClient client, TcpClient server, CancellationTokenSource cut)
    {
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _isCut;

        public Task PassAsync() => Task.WhenAll(PassRequestsAsync(), PassAnswersAsync());

        private async Task PassRequestsAsync()
        {
            var buffer = new byte[64 * 1024];
            while (await client.GetStream().ReadAsync(buffer, cut.Token) is var count and > 0)
            {
                var bytes = buffer.AsMemory(0, count);
                if (bytes.Span.IndexOf(Commit) >= 0 && proxy.Plan.TryDequeue(out var step) && step != AtCommit.Pass)
                {
                    _isCut = true;
                    if (step != AtCommit.CutAnswer) client.Client.Close(0);
                    if (step == AtCommit.Delay) await proxy._delayed.Task.WaitAsync(cut.Token);
                    if (step != AtCommit.CutRequest)
                    {
                        await server.GetStream().WriteAsync(bytes, cut.Token);
                        await _answered.Task.WaitAsync(cut.Token); // it has happened when its answer is here
                    }

                    break;
                }

                await server.GetStream().WriteAsync(bytes, cut.Token);
            }

            await cut.CancelAsync();
        }

        private async Task PassAnswersAsync()
        {
            var buffer = new byte[64 * 1024];
            while (await server.GetStream().ReadAsync(buffer, cut.Token) is var count and > 0)
            {
                if (_isCut) _answered.TrySetResult();
                else await client.GetStream().WriteAsync(buffer.AsMemory(0, count), cut.Token);
            }

            await cut.CancelAsync();
        }
    }
}
