namespace Tally.Mqtt.Connections;

/// <summary>
/// Connections whose CONNECT had no answer in time. The broker may stand still and find it later: Mosquitto 2.0.11 then sends what
/// waits for PUBCOMP to the closed socket, takes that for a failure, and sends the whole message instead of PUBREL on the next
/// connection, so that each comes a second time (seen: 500 of 500). So the sockets stay open until a connection stands.
/// For both clients; used by the loop of RunAsync only.
/// </summary>
internal sealed class UnansweredConnects
{
    // A broker that stands still for five minutes, with the default times of options.
    private const int Most = 16;

    private readonly Queue<IDisposable> _connections = new();

    /// <summary>Keeps one, and closes the oldest of too many.</summary>
    public void Keep(IDisposable connection)
    {
        _connections.Enqueue(connection);
        if (_connections.Count > Most) _connections.Dequeue().Dispose();
    }

    /// <summary>Closes all.</summary>
    public void CloseAll()
    {
        while (_connections.TryDequeue(out var connection)) connection.Dispose();
    }
}
