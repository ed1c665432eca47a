using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

// The send loop, and DISCONNECT (3.14).
internal sealed partial class MqttNetSession
{
    private readonly CancellationTokenSource _disconnecting = new();
    private Farewell? _farewell;

    /// <inheritdoc/>
    public async Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken)
    {
        if (!Enum.IsDefined((MqttDisconnectReasonCode)reason)) throw new ArgumentException($"{reason} is no reason code for DISCONNECT (3.14.2.1).", nameof(reason));
        if (sessionExpiry > TimeSpan.Zero && _options.SessionExpiry == TimeSpan.Zero)
            throw new ArgumentException("A session that ends with its connection cannot be kept any more (3.14.2.2.2).", nameof(sessionExpiry));
        Task run;
        lock (_gate)
        {
            if (_open is null || _run is null)
                throw new MqttException(MqttReasonCode.ServerUnavailable, $"There is no connection of client id '{_clientId}' to broker {_broker} to disconnect.");
            _farewell = new Farewell(reason, sessionExpiry);
            run = _run;
        }

        await _disconnecting.CancelAsync();
        await run.WaitAsync(cancellationToken);
    }

    private async Task SendLoopAsync(NetConnection connection)
    {
        try
        {
            await connection.SendAllAsync(sent =>
            {
                sent.Written?.TrySetResult(MqttReasonCode.Success);
                if (connection.Queued == QueuedLimit / 2) AfterRoomWasMade(connection);
            });
        }
        catch (Exception error)
        {
            // A broken socket is an everyday thing, and after an abort the expected one; anything else ends the client.
            connection.End(Explain(error));
        }
    }

    private MqttDisconnectPacket FarewellPacket(NetConnection connection, ConnectionEnd end, MqttReasonCode reason)
    {
        if (!end.Stopped || _farewell is not { } farewell) return new MqttDisconnectPacket { ReasonCode = (MqttDisconnectReasonCode)reason };
        return new MqttDisconnectPacket
        {
            ReasonCode = (MqttDisconnectReasonCode)farewell.Reason,
            SessionExpiryInterval = connection.Version == MqttProtocolVersion.V500 ? (uint)(farewell.SessionExpiry?.TotalSeconds ?? 0) : 0,
        };
    }

    /// <summary>Ends the session by a clean start whose session ends with its connection: MQTTnet leaves an expiry of zero out of DISCONNECT.</summary>
    private async Task EndSessionAtBrokerAsync()
    {
        using var limit = new CancellationTokenSource(_options.StopTimeout);
        try
        {
            using var connection = await OpenAsync(limit.Token);
            var connect = ConnectPackets.Create(_options with { SessionExpiry = TimeSpan.Zero, Will = null }, _broker, _clientId, clean: true, connection.Version);
            await IntroduceAsync(connection, connect, limit.Token);
            await connection.SendAtOnceAsync(new MqttDisconnectPacket());
            connection.AbortAfter(_options.StopTimeout);
            await ReadToTheEndAsync(connection);
        }
        catch (Exception error) when (IsBroken(error))
        {
            throw new MqttException(MqttReasonCode.ServerUnavailable, $"The session of client id '{_clientId}' at broker {_broker} could not be ended: {Why(error)}.", error);
        }
    }

    /// <summary>What the owner wants said at the end.</summary>
    private sealed record Farewell(MqttReasonCode Reason, TimeSpan? SessionExpiry);
}
