using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>How a <see cref="HostileSession"/> ended.</summary>
/// <param name="Taken">All of it was taken, up to the peer's last message.</param>
/// <param name="Reason">Why the connection ended, as the client's owner was told.</param>
/// <param name="Farewell">The reason code of the client's DISCONNECT; null: it sent none.</param>
/// <param name="Message">What a person was told.</param>
/// <param name="Packets">How many the peer sent.</param>
internal sealed record HostileOutcome(bool Taken, MqttReasonCode Reason, int? Farewell, string Message, int Packets);

/// <summary>Plays sessions, each with a client and a port of its own: a client that comes again must not be taken for the next.</summary>
internal sealed class HostileTheatre
{
    private readonly PacketBytes _bytes = new();

    /// <summary>Plays one.</summary>
    /// <exception cref="TimeoutException">The client hangs.</exception>
    public async Task<HostileOutcome> PlayAsync(HostileSession session, MqttProtocolVersion version, Dice dice)
    {
        using var broker = new HostileBroker();
        var options = session.Adjust(HostileClient.Options(broker.Address, version) with { Subscriptions = HostileScene.Subscriptions });
        await using var client = new HostileClient(options);
        using var connection = broker.Accept();
        connection.ReadPacket(1);
        var scene = new HostileScene(client, connection, _bytes, dice, version);
        session.Play(scene);
        scene.Send(scene.Valid.End);
        connection.CloseSending();
        connection.ReadToTheEnd();
        var end = client.WaitForEnd();
        return new HostileOutcome(client.SawTheEnd, end.Reason, connection.Farewell, end.Message, scene.Packets);
    }

    /// <summary>Plays what is done to the socket. The client's clock runs fast: what it waits for comes never, and not late.</summary>
    public async Task<HostileOutcome> PlayAsync(HostileSocket fault, Dice dice, TimeSpan patience)
    {
        using var broker = new HostileBroker();
        await using var client = new HostileClient(HostileClient.Options(broker.Address, MqttProtocolVersion.V500) with
        {
            Subscriptions = HostileScene.Subscriptions,
            ConnectTimeout = fault.EndsByTime ? patience : HostileBroker.Limit,
            KeepAlive = fault.EndsByTime ? patience : HostileBroker.Limit,
        });
        using var connection = broker.Accept();
        var scene = new HostileScene(client, connection, _bytes, dice, MqttProtocolVersion.V500);
        fault.Play(scene);
        var end = client.WaitForEnd();
        return new HostileOutcome(Taken: false, end.Reason, connection.Farewell, end.Message, scene.Packets);
    }

    /// <summary>Nobody listens where the client connects to.</summary>
    public static async Task<HostileOutcome> PlayRefusalAsync()
    {
        Uri nobody;
        using (var broker = new HostileBroker()) nobody = broker.Address;
        await using var client = new HostileClient(HostileClient.Options(nobody, MqttProtocolVersion.V500));
        var end = client.WaitForEnd();
        return new HostileOutcome(Taken: false, end.Reason, null, end.Message, 0);
    }
}
