namespace Tally.Mqtt;

// PINGREQ and PINGRESP (3.12, 3.13, 3.1.2.10), and the broker that does not answer SUBSCRIBE.
public sealed partial class MqttClient
{
    private const int LooksPerKeepAlive = 8; // at the clock

    private async Task KeepAliveLoopAsync(Connection connection)
    {
        var watch = new SilenceWatch(connection.KeepAlive, Environment.TickCount64);
        var shortest = connection.KeepAlive > TimeSpan.Zero && connection.KeepAlive < _options.ConnectTimeout ? connection.KeepAlive : _options.ConnectTimeout;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Math.Max(1, shortest.TotalMilliseconds / LooksPerKeepAlive)));
        var pausedAt = 0L;
        try
        {
            while (await timer.WaitForNextTickAsync(connection.Ending))
            {
                var now = Environment.TickCount64;
                if (connection.Paused) pausedAt = now;
                else if (_question is { AskedAt: var askedAt } && now - Math.Max(askedAt, pausedAt) >= _options.ConnectTimeout.TotalMilliseconds)
                    connection.End(Silent(MqttReasonCode.ServerUnavailable, "SUBSCRIBE or UNSUBSCRIBE", _options.ConnectTimeout));

                var verdict = watch.Look(now, connection.LastSent, connection.LastReceived, connection.Paused);
                if (verdict == SilenceWatch.Verdict.Ping) Ping(connection);
                else if (verdict == SilenceWatch.Verdict.Dead) connection.End(Silent(MqttReasonCode.KeepAliveTimeout, "PINGREQ", connection.KeepAlive));
            }
        }
        catch (OperationCanceledException)
        {
            return; // the connection ends
        }
    }

    private void Ping(Connection connection)
    {
        lock (_gate)
        {
            if (_open != connection) return;
            _outgoing.Append(_encoder.Encode(MqttPingReqPacket.Instance));
        }

        connection.Send();
    }

    private ConnectionEnd Silent(MqttReasonCode reason, string request, TimeSpan time) =>
        new(reason, $"Broker {_broker} answered no {request} of client id '{_clientId}' for {time.TotalSeconds} s.");
}
