using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Tally.AppHost.Running;

/// <summary>The ports of one data directory: the preferred ones where they are free at the first start, and the same ever after.</summary>
/// <param name="path">File that remembers them.</param>
/// <param name="screen">Where a port that is not the preferred one is said.</param>
internal sealed class Ports(string path, Screen screen)
{
    /// <summary>
    /// Preferred ports of services that nobody calls by number. Below the range that systems take the ports of outgoing connections from
    /// (Linux: 32768 to 60999): a server that is started again wants the same port, and no outgoing connection must have taken it meanwhile.
    /// </summary>
    public const int Services = 18_100;

    private readonly Dictionary<string, int> _remembered =
        File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path)) ?? [] : [];

    private readonly HashSet<int> _taken = [];

    /// <summary>Chooses a port: the remembered one, else the first free one from the preferred one on.</summary>
    /// <param name="name">What it is for, in words.</param>
    /// <param name="preferred">The port to begin with.</param>
    /// <exception cref="EnvironmentException">There is no free one.</exception>
    public int Choose(string name, int preferred)
    {
        var key = $"{name} {preferred}";
        var port = _remembered.TryGetValue(key, out var known) && IsFree(known) ? known : FirstFreeFrom(preferred);
        _taken.Add(port);
        if (port != preferred && preferred != Services) screen.Say($"Port {preferred} is taken, so {name} is on {port}.");
        if (known == port) return port;
        _remembered[key] = port;
        File.WriteAllText(path, JsonSerializer.Serialize(_remembered));
        return port;
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

    private int FirstFreeFrom(int preferred)
    {
        for (var port = preferred; port <= IPEndPoint.MaxPort; port++)
        {
            if (!_taken.Contains(port) && !_remembered.ContainsValue(port) && IsFree(port)) return port;
        }

        throw new EnvironmentException($"There is no free port from {preferred} on.");
    }
}
