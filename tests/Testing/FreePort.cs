using Tally.AppHost.Running;

namespace Tally.Testing;

/// <summary>Ports for servers of tests.</summary>
public static class FreePort
{
    // Below the range that systems take the ports of outgoing connections from (Linux: 32768 to 60999): a server that is
    // started again wants the same port, and an outgoing connection must not have taken it meanwhile.
    private const int Lowest = 19_000;
    private const int Highest = 29_999;

    private const int Step = 37; // the next ones are what AppHost looks at when a port is taken

    private static int s_last = Random.Shared.Next(Lowest, Highest + 1);

    /// <summary>A port that nobody listens on. No two calls in a process give the same: one that was just used may not be ready to be bound again.</summary>
    public static int Any()
    {
        while (true)
        {
            var port = Lowest + (Interlocked.Add(ref s_last, Step) % (Highest - Lowest + 1));
            if (Ports.IsFree(port)) return port;
        }
    }
}
