using System.Net;
using System.Net.Sockets;

namespace Tally.AppHost.Local;

/// <summary>Ports on this machine.</summary>
internal static class FreePort
{
    /// <summary>That port if nobody listens on it, else one that the system gives.</summary>
    public static int PreferablyAt(int port) => IsFree(port) ? port : Any();

    /// <summary>A port that nobody listens on.</summary>
    public static int Any()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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
