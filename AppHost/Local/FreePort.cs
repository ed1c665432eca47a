using System.Net;
using System.Net.Sockets;

namespace Tally.AppHost.Local;

/// <summary>Ports on this machine.</summary>
internal static class FreePort
{
    // Below the range that systems take the ports of outgoing connections from (Linux: 32768 to 60999): a server that is
    // started again wants the same port, and an outgoing connection must not have taken it meanwhile.
    private const int Lowest = 15_000;
    private const int Highest = 29_999;

    /// <summary>That port if nobody listens on it, else another one.</summary>
    public static int PreferablyAt(int port) => IsFree(port) ? port : Any();

    /// <summary>A port that nobody listens on.</summary>
    public static int Any()
    {
        while (true)
        {
            var port = Random.Shared.Next(Lowest, Highest + 1);
            if (IsFree(port)) return port;
        }
    }

    /// <summary>Whether nobody listens there. Somebody else may begin to at any time.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false; // in use, or below 1024 and we are not root: not ours to take either way
        }
    }
}
