using MQTTnet.Packets;
using Tally.Mqtt.Connections;

namespace Tally.Mqtt;

// PINGREQ and PINGRESP (3.12, 3.13, 3.1.2.10), and the broker that does not answer SUBSCRIBE.
public sealed partial class MqttClient
{
    // The clock is looked at this often within the keep-alive time.
    private const int LooksPerKeepAlive = 8;

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

                switch (watch.Look(now, connection.LastSent, connection.LastReceived, connection.Paused))
                {
                    case SilenceWatch.Verdict.Ping:
                        Ping(connection);
                        break;
                    case SilenceWatch.Verdict.Dead:
                        connection.End(Silent(MqttReasonCode.KeepAliveTimeout, "PINGREQ", connection.KeepAlive));
                        break;
                }
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
            _outgoing.Append(_encoder.Encode(MqttPingReqPacket.Instance));
        }

        connection.Send();
    }

    private ConnectionEnd Silent(MqttReasonCode reason, string request, TimeSpan time) =>
        new(reason, $"Broker {_broker} answered no {request} of client id '{_clientId}' for {time.TotalSeconds} s.");
}
