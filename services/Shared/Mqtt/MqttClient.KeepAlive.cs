namespace Tally.Mqtt;

// PINGREQ and PINGRESP (3.12, 3.13, 3.1.2.10).
public sealed partial class MqttClient
{
    // The clock is looked at this often within the keep-alive time.
    private const int LooksPerKeepAlive = 8;

    private async Task KeepAliveLoopAsync(Connection connection)
    {
        if (connection.KeepAlive <= TimeSpan.Zero) return;
        var interval = (long)connection.KeepAlive.TotalMilliseconds;
        var look = Math.Max(1, interval / LooksPerKeepAlive);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(look));
        long? pinged = null;
        var looked = Environment.TickCount64;
        try
        {
            while (await timer.WaitForNextTickAsync(connection.Ending))
            {
                var now = Environment.TickCount64;

                // Held back by the owner, or stopped as a process: the broker's silence says nothing about the broker.
                var excused = connection.Paused || now - looked > interval / 2;
                looked = now;
                if (pinged is { } since)
                {
                    if (connection.LastReceived >= since) pinged = null;
                    else if (excused) pinged = now;
                    else if (now - since >= interval) connection.End(Silent(connection));
                }

                // One look early: the broker counts from the last packet that reached it.
                var quiet = now - Math.Min(connection.LastSent, connection.Paused ? now : connection.LastReceived);
                if (pinged is not null || quiet < interval - look) continue;
                Ping(connection);
                pinged = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The connection ends.
        }
    }

    private void Ping(Connection connection)
    {
        lock (_gate)
        {
            if (_open != connection) return;
            ReadOnlySpan<byte> pingReq = [0xC0, 0x00];
            pingReq.CopyTo(_outgoing.Append(pingReq.Length));
        }

        connection.SendSignal.Set();
    }

    private ConnectionEnd Silent(Connection connection) => new(
        MqttReasonCode.KeepAliveTimeout,
        $"Broker {_broker} answered no PINGREQ of client id '{_clientId}' for {connection.KeepAlive.TotalSeconds} s.");
}
