using MQTTnet.Packets;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

// PINGREQ and PINGRESP (3.12, 3.13, 3.1.2.10), and the broker that does not answer SUBSCRIBE.
internal sealed partial class MqttNetSession
{
    // The clock is looked at this often within the keep-alive time.
    private const int LooksPerKeepAlive = 8;

    private async Task KeepAliveLoopAsync(NetConnection connection)
    {
        var watch = new SilenceWatch(connection.KeepAlive, Environment.TickCount64);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Math.Max(1, Shortest(connection.KeepAlive, _options.ConnectTimeout) / LooksPerKeepAlive)));
        try
        {
            while (await timer.WaitForNextTickAsync(connection.Ending))
            {
                var now = Environment.TickCount64;
                if (IsUnanswered(connection, now)) connection.End(NotSubscribed());
                switch (watch.Look(now, connection.LastSent, connection.LastReceived, connection.Paused))
                {
                    case SilenceWatch.Verdict.Ping:
                        connection.Send(MqttPingReqPacket.Instance);
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

    private bool IsUnanswered(NetConnection connection, long now)
    {
        lock (_gate)
        {
            if (connection.Paused) _askedAt = now;
            return _asked != 0 && now - _askedAt >= _options.ConnectTimeout.TotalMilliseconds;
        }
    }

    private static double Shortest(TimeSpan keepAlive, TimeSpan timeout) =>
        keepAlive > TimeSpan.Zero && keepAlive < timeout ? keepAlive.TotalMilliseconds : timeout.TotalMilliseconds;

    private ConnectionEnd Silent(NetConnection connection) => new(
        MqttReasonCode.KeepAliveTimeout,
        $"Broker {_broker} answered no PINGREQ of client id '{_clientId}' for {connection.KeepAlive.TotalSeconds} s.");

    private ConnectionEnd NotSubscribed() => new(
        MqttReasonCode.ServerUnavailable,
        $"Broker {_broker} answered no SUBSCRIBE of client id '{_clientId}' for {_options.ConnectTimeout.TotalSeconds} s.");
}
