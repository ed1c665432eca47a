namespace Tally.Mqtt;

// Which version of MQTT to speak, and what 3.1.1 says otherwise than 5 (3.1.1: MQTT 3.1.1, OASIS Standard).
//
// Automatic begins with 5. A broker that refuses that version by name (CONNACK 0x84, or 3.1.1's return code 1) is spoken to in
// 3.1.1 from then on. One that only closes the connection on CONNECT, as RabbitMQ's plugin of old does, may as well be a
// proxy whose broker is away, and falling back would lose properties for as long as this process lives. So it takes evidence: three
// closings in a row before any connection with 5 stood, then a connection with 3.1.1 that is accepted, and then 5 closed once more.
public sealed partial class MqttClient
{
    private const int ClosingsOfOldBroker = 3;

    // Set before a connection begins; read by its loops. The others are used by the loop of RunAsync only.
    private MqttProtocolVersion _version = MqttProtocolVersion.V500;
    private bool _fellBack, _stoodWithVersion5, _takesVersion311, _cleaned, _ending311;
    private int _closings;

    private bool IsAsking => _options.ProtocolVersion == MqttProtocolVersion.Automatic && _version == MqttProtocolVersion.V311 && !_fellBack;

    // MQTT 3.1.1 has one flag for a new session and for one that ends with its connection (3.1.1, 3.1.2.4).
    private bool IsCleanStart => _version == MqttProtocolVersion.V311
        ? _options.SessionExpiry == TimeSpan.Zero || _ending311 || (_options.CleanStart && !_connectedOnce && !_cleaned)
        : _options.CleanStart && !_connectedOnce;

    /// <summary>This connection is not to be kept: it asks whether the broker takes 3.1.1, or makes away with an old session, since 3.1.1 cannot ask for a new one that lasts.</summary>
    private bool IsOnlyToAskOrToClean => IsAsking || (_version == MqttProtocolVersion.V311 && IsCleanStart && _options.SessionExpiry > TimeSpan.Zero && !_ending311);

    private static string Name(MqttProtocolVersion version) => version == MqttProtocolVersion.V311 ? "3.1.1" : "5";

    private MqttProtocolVersion NextVersion() =>
        _options.ProtocolVersion != MqttProtocolVersion.Automatic ? _options.ProtocolVersion
        : _fellBack || (_closings >= ClosingsOfOldBroker && !_takesVersion311) ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;

    /// <summary>What the options ask for and this version cannot say.</summary>
    private ConnectionEnd? CannotBeSaid()
    {
        if (_version != MqttProtocolVersion.V311) return null;
        var speaks = $"Broker {_broker} speaks MQTT 3.1.1, where";
        if (_broker is { Password: not null, UserName: null })
            return new ConnectionEnd(MqttReasonCode.BadUserNameOrPassword, $"{speaks} a password needs a user name (3.1.2.9): give one, mqtt://user:password@host:port.") { Final = true };
        if (_clientId.Length > 0 || _options.SessionExpiry == TimeSpan.Zero) return null;
        return new ConnectionEnd(MqttReasonCode.ClientIdentifierNotValid, $"{speaks} a session that outlives its connection needs a client id (3.1.3.1): give one, or a session expiry of zero.") { Final = !IsAsking };
    }

    /// <summary>The broker refuses the version: the next attempt is made with 3.1.1. Null when there is nothing to fall back to.</summary>
    private ConnectionEnd? FallBack()
    {
        if (_options.ProtocolVersion != MqttProtocolVersion.Automatic || _version != MqttProtocolVersion.V500) return null;
        _fellBack = true;
        return new ConnectionEnd(MqttReasonCode.UnsupportedProtocolVersion, $"Broker {_broker} does not speak MQTT 5: MQTT 3.1.1 it is, without properties.");
    }

    /// <summary>Counts what speaks for a broker that closes what it does not understand.</summary>
    private ConnectionEnd WeighClosing(ConnectionEnd failure)
    {
        _earlyEnds = 0; // a broker that was away had been restarted: that is no other client
        if (_options.ProtocolVersion != MqttProtocolVersion.Automatic || _fellBack || _stoodWithVersion5 || failure.Stopped) return failure;
        if (_version == MqttProtocolVersion.V500 && failure.ClosedOnConnect)
        {
            _closings++;
            if (!_takesVersion311) return failure;
            _logger.LogWarning("MQTT: broker {Broker} closes the connection on CONNECT of MQTT 5 and takes MQTT 3.1.1.", _broker);
            return FallBack()!;
        }

        // Any other failure begins it anew, also asking with 3.1.1 in vain: then the broker is just away.
        if (_version == MqttProtocolVersion.V500 || !_takesVersion311) (_closings, _takesVersion311) = (0, false);
        return failure;
    }

    private ConnectionEnd? AfterAskingOrCleaning()
    {
        _cleaned = !IsAsking;
        if (_cleaned) return null;
        _takesVersion311 = true;
        return new ConnectionEnd(MqttReasonCode.UnsupportedProtocolVersion,
            $"Broker {_broker} takes MQTT 3.1.1 and closed the connection on CONNECT of MQTT 5 {_closings} times: MQTT 5 is tried once more.");
    }

    // A broker that still has the connection when the next one comes may not have ended the session yet.
    private void SayGoodbye(Connection connection)
    {
        connection.AbortAfter(_options.StopTimeout);
        connection.Stream.Write(new PacketEncoder(MqttProtocolVersion.V311).Encode(new MqttDisconnectPacket()).Packet);
        ReadToTheEnd(connection);
    }
}
