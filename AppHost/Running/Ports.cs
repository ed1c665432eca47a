using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;

namespace Tally.AppHost.Running;

/// <summary>The ports of one data directory: the preferred ones where they are free at the first start, and the same ever after.</summary>
internal sealed class Ports(string path, Screen screen)
{
    // Preferred by services that nobody calls by number. Below the range of outgoing connections (Linux: 32768 to 60999), one of which might take it during a restart.
    public const int Services = 18_100;

    private static readonly Dictionary<int, Socket> Claims = []; // held as long as the process lives
    private readonly Dictionary<string, int> _remembered = File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path)) ?? [] : [];

    /// <summary>Chooses a port for what the name says: the remembered one, else the first free one from the preferred one on.</summary>
    public int Choose(string name, int preferred)
    {
        var key = $"{name} {preferred}";
        if (!_remembered.TryGetValue(key, out var port) || !IsFree(port) || !TryClaim(port))
        {
            port = preferred;
            while (_remembered.ContainsValue(port) || !IsFree(port) || !TryClaim(port))
            {
                if (++port > IPEndPoint.MaxPort) throw new EnvironmentException($"There is no free port for {name} from {preferred} on.");
            }

            _remembered[key] = port;
            File.WriteAllText(path, JsonSerializer.Serialize(_remembered));
        }

        if (port != preferred && preferred != Services) screen.Say($"Port {preferred} is taken, so {name} is on {port}.");
        return port;
    }

    public static bool IsFree(int port) => !IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);

    // Two starts at the same moment would both find a port free: the first to take its name (unix(7), abstract) has it. Elsewhere than on Linux the first to listen has it.
    private static bool TryClaim(int port)
    {
        if (!OperatingSystem.IsLinux() || Claims.ContainsKey(port)) return true;
        var claim = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint($"\0tally-port-{port}"));
            return Claims.TryAdd(port, claim);
        }
        catch (SocketException)
        {
            claim.Dispose();
            return false;
        }
    }
}
