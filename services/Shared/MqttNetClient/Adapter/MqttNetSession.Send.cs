using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.MqttNetClient;

// The send loop, and DISCONNECT (3.14).
internal sealed partial class MqttNetSession
{
    private readonly CancellationTokenSource _disconnecting = new();
    private Farewell? _farewell;

    /// <inheritdoc/>
    public async Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken)
    {
        Check(reason, sessionExpiry);
        RefuseWithinHandler(nameof(DisconnectAsync));
        bool isConnected;
        Task run;
        lock (_gate)
        {
            if (_over is not null) throw _over;
            run = _run ?? throw new InvalidOperationException("RunAsync was not called: there is nothing to disconnect.");
            isConnected = _open is not null;
            if (isConnected) _farewell = new Farewell(reason, sessionExpiry);
        }

        await _disconnecting.CancelAsync();
        await run.WaitAsync(cancellationToken);
        if (!isConnected)
        {
            throw new MqttException(
                MqttReasonCode.ServerUnavailable, $"The client '{_clientId}' stopped without telling broker {_broker}: there was no connection to say it on.");
        }
    }

    private void Check(MqttReasonCode reason, TimeSpan? sessionExpiry)
    {
        if (!ReasonCodes.MayBeSentWithDisconnect(reason))
            throw new ArgumentException($"{reason} (0x{(byte)reason:X2}) is not a reason that a client may give with DISCONNECT (3.14.2.1).", nameof(reason));
        if (sessionExpiry is not { } expiry) return;
        if (expiry < TimeSpan.Zero || expiry.TotalSeconds > uint.MaxValue)
            throw new ArgumentException($"The session expiry is {expiry}; allowed: zero to 4,294,967,295 seconds.", nameof(sessionExpiry));
        if (expiry > TimeSpan.Zero && _options.SessionExpiry == TimeSpan.Zero)
            throw new ArgumentException("A session that was to end with its connection cannot be kept by DISCONNECT (3.14.2.2.2).", nameof(sessionExpiry));
    }

    private async Task SendLoopAsync(NetConnection connection)
    {
        try
        {
            await connection.SendAllAsync(() =>
            {
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
