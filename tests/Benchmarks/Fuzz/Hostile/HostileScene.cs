using System.Diagnostics;
using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>One connection between the client under test and a peer, for a <see cref="HostileSession"/> to play on.</summary>
internal sealed class HostileScene(HostileClient client, HostileConnection connection, PacketBytes bytes, Dice dice, MqttProtocolVersion version)
{
    /// <summary>The topic filters of the client under test.</summary>
    public static IReadOnlyList<MqttSubscription> Subscriptions { get; } = [new("telemetry/#", MqttQos.ExactlyOnce), new("runs/#", MqttQos.ExactlyOnce)];

    public HostileClient Client { get; } = client;

    public HostileConnection Connection { get; } = connection;

    public PacketBytes Bytes { get; } = bytes;

    public Dice Dice { get; } = dice;

    public ValidPackets Valid { get; } = new(bytes, dice, (int)version);

    public MqttProtocolVersion Version { get; } = version;

    /// <summary>Packets sent by the peer.</summary>
    public int Packets { get; private set; }

    /// <summary>Packet identifier of the client's SUBSCRIBE; known after <see cref="Welcome"/>.</summary>
    public int SubscribeId { get; private set; }

    /// <summary>CONNACK that says yes, and the client's SUBSCRIBE, answered unless told otherwise.</summary>
    public void Welcome(bool subAck = true)
    {
        Connection.Send(Version == MqttProtocolVersion.V500 ? [0x20, 0x03, 0x00, 0x00, 0x00] : [0x20, 0x02, 0x00, 0x00]);
        Packets++;
        var subscribe = Connection.ReadPacket(8).Span;
        SubscribeId = (subscribe[0] << 8) | subscribe[1];
        if (subAck) Send(() => Valid.SubAck(SubscribeId, Subscriptions.Count, 2));
    }

    /// <summary>Lets the client publish, and leaves its messages unacknowledged.</summary>
    /// <returns>Their packet identifiers.</returns>
    public int[] LetPublish(int messages, MqttQos qos = MqttQos.AtLeastOnce)
    {
        var identifiers = new int[messages];
        var begin = Stopwatch.GetTimestamp();
        foreach (ref var identifier in identifiers.AsSpan())
        {
            while (!Client.Client.TryPublish(new MqttPublication { Topic = "telemetry/d/m", Payload = "1"u8.ToArray(), Qos = qos }, 0))
            {
                if (Stopwatch.GetElapsedTime(begin) > HostileBroker.Limit) throw new TimeoutException("Waited for room to publish");
                Thread.Yield();
            }

            identifier = Connection.ReadPublish();
        }

        return identifiers;
    }

    /// <summary>Lets the client publish as much as it wants to while nobody reads.</summary>
    public void LetPublishUntilFull()
    {
        var payload = new byte[60_000];
        var begin = Stopwatch.GetTimestamp();

        // What the client does not take is not sent: the buffers between the two are full then. Messages of QoS 0, so that it is
        // the socket that holds them back, and not the Receive Maximum.
        for (var full = 0L; full == 0 || Stopwatch.GetElapsedTime(full) < TimeSpan.FromMilliseconds(100);)
        {
            if (Client.Client.TryPublish(new MqttPublication { Topic = "telemetry/d/m", Payload = payload }, 0)) full = 0;
            else if (full == 0) full = Stopwatch.GetTimestamp();
            else Thread.Yield();
            if (Stopwatch.GetElapsedTime(begin) > HostileBroker.Limit) throw new TimeoutException("Waited for the client to be held back");
        }
    }

    /// <summary>Sends one packet that the action writes.</summary>
    public void Send(Action write)
    {
        Bytes.Clear();
        write();
        Connection.Send(Bytes.Written);
        Packets++;
    }

    /// <summary>The client has to answer with this packet, and with this reason code where the version has one.</summary>
    public void ExpectAnswer(int type, int packetId, int reason)
    {
        var body = Connection.ReadPacket(type).Span;
        var said = body.Length > 2 ? body[2] : 0;
        if (((body[0] << 8) | body[1]) != packetId || said != (Version == MqttProtocolVersion.V500 ? reason : 0))
            throw new InvalidDataException($"The client answers packet identifier {packetId} with {Convert.ToHexString(body)}, not with 0x{reason:X2}.");
    }

    /// <summary>Waits until the client has handed over that many messages.</summary>
    public void UntilHandedOver(int messages)
    {
        if (!SpinWait.SpinUntil(() => Client.Messages >= messages, HostileBroker.Limit)) throw new TimeoutException($"Waited for {messages} messages to be handed over");
    }

    /// <summary>Any packet identifier but these.</summary>
    public int OtherThan(params ReadOnlySpan<int> identifiers)
    {
        while (true)
        {
            var identifier = Dice.PacketId();
            if (!identifiers.Contains(identifier)) return identifier;
        }
    }
}
