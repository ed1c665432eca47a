using Tally.Mqtt;

namespace Tally.Testing.Hostile;

/// <summary>How a <see cref="HostileSession"/> ended.</summary>
/// <param name="Taken">All of it was taken, up to the peer's own DISCONNECT at the end.</param>
/// <param name="Reason">Why the connection ended, as the client's owner was told.</param>
/// <param name="Farewell">The reason code of the client's DISCONNECT; null: it sent none.</param>
/// <param name="Message">What a person was told.</param>
/// <param name="Packets">How many the peer sent.</param>
internal sealed record HostileOutcome(bool Taken, MqttReasonCode Reason, int? Farewell, string Message, int Packets);

/// <summary>Plays sessions, each with a client and a port of its own: a client that comes again must not be taken for the next.</summary>
internal sealed class HostileTheatre
{
    /// <summary>Said by the peer at the end: who was told this had taken everything before.</summary>
    public const MqttReasonCode LastWord = MqttReasonCode.AdministrativeAction;

    private readonly PacketBytes _bytes = new();

    /// <summary>Plays one.</summary>
    /// <exception cref="TimeoutException">The client hangs.</exception>
    public async Task<HostileOutcome> PlayAsync(HostileSession session, Dice dice)
    {
        using var broker = new HostileBroker();
        var options = session.Adjust(HostileClient.Options(broker.Address) with { Subscriptions = HostileScene.Subscriptions });
        await using var client = new HostileClient(options) { Acknowledges = !options.StrictReceiveMaximum };
        using var connection = broker.Accept();
        connection.ReadPacket(1);
        var scene = new HostileScene(client, connection, _bytes, dice);
        session.Play(scene);
        scene.Send(() => scene.Valid.Disconnect((int)LastWord));
        connection.CloseSending();
        connection.ReadToTheEnd();
        var end = client.WaitForEnd();
        return new HostileOutcome(end.Reason == LastWord, end.Reason, connection.Farewell, end.Message, scene.Packets);
    }

    /// <summary>Plays what is done to the socket. The client's clock runs fast: what it waits for comes never, and not late.</summary>
    public async Task<HostileOutcome> PlayAsync(HostileSocket fault, Dice dice, TimeSpan patience)
    {
        using var broker = new HostileBroker();
        await using var client = new HostileClient(HostileClient.Options(broker.Address) with
        {
            Subscriptions = HostileScene.Subscriptions,
            ConnectTimeout = fault.EndsByTime ? patience : HostileBroker.Limit,
            KeepAlive = fault.EndsByTime ? patience : HostileBroker.Limit,
        });
        using var connection = broker.Accept();
        var scene = new HostileScene(client, connection, _bytes, dice);
        fault.Play(scene);
        var end = client.WaitForEnd();
        return new HostileOutcome(Taken: false, end.Reason, connection.Farewell, end.Message, scene.Packets);
    }

    /// <summary>Nobody listens where the client connects to.</summary>
    public static async Task<HostileOutcome> PlayRefusalAsync()
    {
        Uri nobody;
        using (var broker = new HostileBroker()) nobody = broker.Address;
        await using var client = new HostileClient(HostileClient.Options(nobody));
        var end = client.WaitForEnd();
        return new HostileOutcome(Taken: false, end.Reason, null, end.Message, 0);
    }
}
