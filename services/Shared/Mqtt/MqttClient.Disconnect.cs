using MQTTnet;

namespace Tally.Mqtt;

// DISCONNECT that the owner words (3.14), and calls that would wait for themselves.
public sealed partial class MqttClient
{
    // The client whose handler runs on this thread.
    [ThreadStatic]
    private static MqttClient? s_inHandlerOf;

    private readonly CancellationTokenSource _leaving = new();

    /// <inheritdoc/>
    public async Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken)
    {
        Check(reason, sessionExpiry);
        RefuseWithinHandler(nameof(DisconnectAsync));
        Connection? connection;
        Task run;
        lock (_gate)
        {
            if (_over is not null) throw _over;
            connection = _open;
            run = _run ?? throw new InvalidOperationException("RunAsync was not called: there is nothing to disconnect.");
        }

        var end = ConnectionEnd.ByStop with { Farewell = reason, SessionExpiry = (uint?)sessionExpiry?.TotalSeconds };
        connection?.End(end);
        await _leaving.CancelAsync();
        await run.WaitAsync(cancellationToken);
        if (connection is null || !ReferenceEquals(await connection.Ended, end))
            throw new MqttException(MqttReasonCode.ServerUnavailable, $"The client '{_clientId}' stopped without telling broker {_broker}: there was no connection to say it on.");

        if (_version == MqttProtocolVersion.V311 && sessionExpiry == TimeSpan.Zero && _options.SessionExpiry > TimeSpan.Zero)
            await EndSession311Async(cancellationToken);
    }

    /// <summary>In MQTT 3.1.1 a session ends by connecting with a clean one (3.1.1, 3.1.2.4).</summary>
    private async Task EndSession311Async(CancellationToken cancellationToken)
    {
        _ending311 = true;
        var (opened, _, failure) = await TryConnectAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        using var connection = opened ?? throw new MqttException(failure!.Reason, $"The session of client id '{_clientId}' was not ended. {failure.Message}");
        await OnThread(() => SayGoodbye(connection));
    }

    private void Check(MqttReasonCode reason, TimeSpan? sessionExpiry)
    {
        if (!Enum.IsDefined((MqttClientDisconnectOptionsReason)(int)reason))
            throw new ArgumentException($"{reason} (0x{(byte)reason:X2}) is not a reason that a client may give with DISCONNECT (3.14.2.1).", nameof(reason));
        if (sessionExpiry is not { } expiry) return;
        if (expiry < TimeSpan.Zero || expiry.TotalSeconds > uint.MaxValue)
            throw new ArgumentException($"The session expiry is {expiry}; allowed: zero to 4,294,967,295 seconds.", nameof(sessionExpiry));
        if (expiry > TimeSpan.Zero && _options.SessionExpiry == TimeSpan.Zero)
            throw new ArgumentException("A session that was to end with its connection cannot be kept by DISCONNECT (3.14.2.2.2).", nameof(sessionExpiry));
    }

    private void RefuseWithinHandler(string method)
    {
        if (s_inHandlerOf == this) throw new InvalidOperationException($"{method} within a handler would wait for that handler; cancel the token of RunAsync instead.");
    }

    private void InHandler(Action call)
    {
        s_inHandlerOf = this;
        try
        {
            call();
        }
        finally
        {
            s_inHandlerOf = null;
        }
    }
}
