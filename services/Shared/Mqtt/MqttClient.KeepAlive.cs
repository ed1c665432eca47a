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
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Math.Max(1, Shortest(connection.KeepAlive, _options.ConnectTimeout) / LooksPerKeepAlive)));
        var pausedAt = 0L;
        try
        {
            while (await timer.WaitForNextTickAsync(connection.Ending))
            {
                var now = Environment.TickCount64;
                if (connection.Paused) pausedAt = now;
                else if (Volatile.Read(ref _askedAt) is not 0 and var askedAt && now - Math.Max(askedAt, pausedAt) >= _options.ConnectTimeout.TotalMilliseconds) connection.End(NotSubscribed());

                switch (watch.Look(now, connection.LastSent, connection.LastReceived, connection.Paused))
                {
                    case SilenceWatch.Verdict.Ping:
                        Ping(connection);
                        break;
                    case SilenceWatch.Verdict.Dead:
                        connection.End(Silent(connection));
                        break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The connection ends.
        }
    }

    private static double Shortest(TimeSpan keepAlive, TimeSpan timeout) =>
        keepAlive > TimeSpan.Zero && keepAlive < timeout ? keepAlive.TotalMilliseconds : timeout.TotalMilliseconds;

    private void Ping(Connection connection)
    {
        lock (_gate)
        {
            if (_open != connection) return;
            _outgoing.Append(_encoder.Encode(MqttPingReqPacket.Instance));
        }

        connection.Send();
    }

    private ConnectionEnd Silent(Connection connection) => new(
        MqttReasonCode.KeepAliveTimeout,
        $"Broker {_broker} answered no PINGREQ of client id '{_clientId}' for {connection.KeepAlive.TotalSeconds} s.");

    private ConnectionEnd NotSubscribed() => new(
        MqttReasonCode.ServerUnavailable,
        $"Broker {_broker} answered no SUBSCRIBE or UNSUBSCRIBE of client id '{_clientId}' for {_options.ConnectTimeout.TotalSeconds} s.");
}
