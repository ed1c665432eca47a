using System.Net;
using System.Net.Sockets;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>
/// A peer that behaves as badly as it is told to. Blocking and on the caller's thread: some ten thousand connections in a row
/// shall cost the client's time, not this one's.
/// </summary>
internal sealed class HostileBroker : IDisposable
{
    /// <summary>Longest wait for anything; only a hanging client uses it up.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);

    public HostileBroker()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public Uri Address => new($"mqtt://127.0.0.1:{Port}");

    /// <summary>The next connection.</summary>
    /// <exception cref="TimeoutException">The client does not come.</exception>
    public HostileConnection Accept()
    {
        if (!_listener.Poll(Limit, SelectMode.SelectRead)) throw new TimeoutException($"Waited {Limit.TotalSeconds} s for the client to connect");
        return new HostileConnection(_listener.Accept());
    }

    public void Dispose() => _listener.Dispose();
}
