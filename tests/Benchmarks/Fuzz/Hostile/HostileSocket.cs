using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>What a peer can do with its socket, whatever the packets say.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Reason">What the client's owner is told.</param>
/// <param name="Message">Part of what a person is told.</param>
/// <param name="Play">Plays the peer, from the client's connection on.</param>
internal sealed record HostileSocket(string Name, MqttReasonCode Reason, string Message, Action<HostileScene> Play)
{
    /// <summary>The client stays without an answer: what ends it is its own clock.</summary>
    public bool EndsByTime { get; init; }

    public override string ToString() => Name;
}

/// <summary>All of them.</summary>
internal static class HostileSockets
{
    private const MqttReasonCode Broken = MqttReasonCode.UnspecifiedError;
    private const MqttReasonCode Unavailable = MqttReasonCode.ServerUnavailable;

    // A PUBLISH of 1,000 bytes, of which only the beginning is sent.
    private static readonly byte[] HalfAPacket = [0x30, 0xE8, 0x07, 0x00, 0x01, (byte)'t', 0x00, 1, 2, 3];

    public static IReadOnlyList<HostileSocket> All { get; } =
    [
        new("closes at once", Unavailable, "before CONNACK", scene => scene.Connection.Dispose()),
        new("resets after CONNECT", Unavailable, "before CONNACK", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Connection.Reset();
        }),
        new("closes in the middle of CONNACK", Unavailable, "before CONNACK", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Connection.Send([0x20, 0x03, 0x00]);
            scene.Connection.CloseSending();
        }),
        new("never sends CONNACK", Unavailable, "sent no CONNACK within", scene => scene.Connection.ReadPacket(1)) { EndsByTime = true },
        new("sends a CONNACK that never ends", Unavailable, "sent no CONNACK within", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Connection.Send([0x20, 0xFF, 0x01, 0x00, 0x00]);
        }) { EndsByTime = true },
        new("never answers SUBSCRIBE", Unavailable, "answered no SUBSCRIBE", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome(subAck: false);
            scene.Connection.ReadToTheEnd();
        }) { EndsByTime = true },
        new("never answers PINGREQ", MqttReasonCode.KeepAliveTimeout, "answered no PINGREQ", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.Connection.ReadToTheEnd();
        }) { EndsByTime = true },
        new("stops reading while the client publishes", MqttReasonCode.KeepAliveTimeout, "answered no PINGREQ", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.LetPublishUntilFull();
        }) { EndsByTime = true },
        new("stops in the middle of a packet", MqttReasonCode.KeepAliveTimeout, "answered no PINGREQ", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.Connection.Send(HalfAPacket);
            scene.Connection.ReadToTheEnd();
        }) { EndsByTime = true },
        new("half closes", Broken, "closed the connection", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.Connection.CloseSending();
            scene.Connection.ReadToTheEnd();
        }),
        new("half closes in the middle of a packet", Broken, "closed the connection", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.Connection.Send(HalfAPacket);
            scene.Connection.CloseSending();
            scene.Connection.ReadToTheEnd();
        }),
        new("resets in the middle of a packet", Broken, "broke", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.Connection.Send(HalfAPacket);
            scene.Connection.Reset();
        }),
        new("resets while the client publishes", Broken, "", scene =>
        {
            scene.Connection.ReadPacket(1);
            scene.Welcome();
            scene.LetPublish(50);
            scene.Connection.Reset();
        }),
    ];
}
