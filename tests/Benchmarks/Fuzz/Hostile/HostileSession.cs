using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>Packets that are right by themselves, at the wrong time.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Play">Plays the peer, from the client's CONNECT on.</param>
/// <param name="Reasons">With which of these it has to end; none: all of it has to be taken.</param>
internal sealed record HostileSession(string Name, Action<HostileScene> Play, params MqttReasonCode[] Reasons)
{
    /// <summary>Options that make the difference.</summary>
    public Func<MqttClientOptions, MqttClientOptions> Adjust { get; init; } = options => options;

    /// <summary>MQTT 3.1.1 does not know what it is about.</summary>
    public bool Version5Only { get; init; }

    public override string ToString() => Name;
}

/// <summary>All of them.</summary>
internal static class HostileSessions
{
    private const MqttReasonCode Protocol = MqttReasonCode.ProtocolError;
    private const int PubAck = 0x40;
    private const int PubRec = 0x50;
    private const int PubRel = 0x62;
    private const int PubComp = 0x70;

    public static IReadOnlyList<HostileSession> All { get; } =
    [
        new("a packet before CONNACK", scene => scene.Send(() =>
        {
            switch (scene.Dice.Below(7))
            {
                case 0: scene.Valid.Publish(scene.Dice.Below(3), scene.Dice.PacketId()); break;
                case 1: scene.Valid.Ack(scene.Dice.One<int>([PubAck, PubRec, PubRel, PubComp]), scene.Dice.PacketId(), 0); break;
                case 2: scene.Valid.SubAck(scene.Dice.PacketId(), 1); break;
                case 3: scene.Valid.UnsubAck(scene.Dice.PacketId(), 1); break;
                case 4: scene.Valid.Disconnect(); break;
                default: scene.Bytes.Byte(0xD0).Byte(0); break;
            }
        }), Protocol),
        new("CONNACK twice", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Valid.ConnAck());
        }, Protocol),
        new("a session present after a clean start", scene => scene.Send(() => scene.Valid.ConnAck(sessionPresent: true)), Protocol)
        {
            Adjust = options => options with { CleanStart = true },
            Version5Only = true,
        },
        new("no client identifier for a client without one", scene => scene.Send(() => scene.Bytes.Raw([0x20, 0x03, 0x00, 0x00, 0x00])), Protocol)
        {
            Adjust = options => options with { ClientId = "", CleanStart = true },
            Version5Only = true,
        },
        new("SUBACK that nobody waits for", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Valid.SubAck(scene.Dice.Percent(50) ? scene.SubscribeId : scene.Dice.PacketId(), HostileScene.Subscriptions.Count));
        }, Protocol),
        new("SUBACK for another packet identifier", scene =>
        {
            scene.Welcome(subAck: false);
            scene.Send(() => scene.Valid.SubAck(scene.OtherThan(scene.SubscribeId), HostileScene.Subscriptions.Count));
        }, Protocol),
        new("SUBACK with too few or too many reason codes", scene =>
        {
            scene.Welcome(subAck: false);
            scene.Send(() => scene.Valid.SubAck(scene.SubscribeId, scene.Dice.One<int>([1, 3, 200])));
        }, Protocol),
        new("UNSUBACK that nobody waits for", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Valid.UnsubAck(scene.Dice.PacketId(), 1));
        }, Protocol),
        new("UNSUBACK for SUBSCRIBE", scene =>
        {
            scene.Welcome(subAck: false);
            scene.Send(() => scene.Valid.UnsubAck(scene.SubscribeId, HostileScene.Subscriptions.Count));
        }, Protocol),
        new("AUTH where no method was named", scene =>
        {
            scene.Welcome();
            scene.Send(() =>
            {
                var begin = scene.Bytes.Begin(0xF0);
                scene.Bytes.Byte(0x18);
                var properties = scene.Bytes.Count;
                scene.Bytes.Byte(0x15).Text("SCRAM-SHA-1").Byte(0x16).Binary("x"u8).End(properties).End(begin);
            });
        }, Protocol, MqttReasonCode.MalformedPacket),
        new("PUBACK for a packet identifier never sent", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3);
            scene.Send(() => scene.Valid.Ack(PubAck, scene.OtherThan(sent), 0));
        }, Protocol),
        new("PUBACK twice", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3);
            scene.Send(() => scene.Valid.Ack(PubAck, sent[1], 0));
            scene.Send(() => scene.Valid.Ack(PubAck, sent[1], 0));
        }, Protocol),
        new("PUBACK for SUBSCRIBE", scene =>
        {
            scene.Welcome(subAck: false);
            scene.Send(() => scene.Valid.Ack(PubAck, scene.SubscribeId, 0));
        }, Protocol),
        new("PUBREC or PUBCOMP for a message of QoS 1", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3);
            scene.Send(() => scene.Valid.Ack(scene.Dice.One<int>([PubRec, PubComp]), sent[2], 0));
        }, Protocol),
        new("DISCONNECT with a session expiry", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Bytes.Raw([0xE0, 0x07, 0x00, 0x05, 0x11, 0x00, 0x00, 0x00, 0x01]));
        }, Protocol) { Version5Only = true },
        new("DISCONNECT, which in MQTT 3.1.1 is for clients", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Bytes.Raw(scene.Version == MqttProtocolVersion.V500 ? [0xE0, 0x01, 0x04] : [0xE0, 0x00]));
        }, Protocol),
        new("topic alias out of range", scene =>
        {
            scene.Welcome();
            scene.Send(() =>
            {
                var begin = scene.Bytes.Begin(0x30);
                scene.Bytes.Text("telemetry/d/m").Byte(3).Byte(0x23).UInt16(scene.Dice.PacketId()).End(begin);
            });
        }, MqttReasonCode.TopicAliasInvalid) { Version5Only = true },
        new("topic alias that was given no topic", scene =>
        {
            scene.Welcome();
            scene.Send(() => Aliased(scene, "telemetry/d/m", 7));
            scene.Send(() => Aliased(scene, "", 7));
            scene.Send(() => Aliased(scene, "", scene.Dice.Between(8, 10)));
        }, Protocol)
        {
            Adjust = options => options with { TopicAliasMaximum = 10 },
            Version5Only = true,
        },
        new("topic alias above what was allowed", scene =>
        {
            scene.Welcome();
            scene.Send(() => Aliased(scene, "telemetry/d/m", scene.Dice.Between(11, 65_535)));
        }, MqttReasonCode.TopicAliasInvalid)
        {
            Adjust = options => options with { TopicAliasMaximum = 10 },
            Version5Only = true,
        },
        new("a packet larger than allowed", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Bytes.Byte(0x30).Variable(scene.Dice.Between(HostileClient.MaximumPacketSize, 268_435_455)));
        }, MqttReasonCode.PacketTooLarge),
        new("more unacknowledged messages than allowed", scene =>
        {
            scene.Welcome();
            scene.Send(() => SendMessages(scene, 200));
        })
        {
            Adjust = options => options with { ReceiveMaximum = 10 },
        },
        new("messages before SUBACK, and PINGRESP that nobody asked for", scene =>
        {
            scene.Welcome(subAck: false);
            scene.Send(() => SendMessages(scene, 20));
            scene.Send(() => scene.Bytes.Byte(0xD0).Byte(0));
            scene.Send(() => scene.Valid.SubAck(scene.SubscribeId, HostileScene.Subscriptions.Count));
        }),
        new("acknowledgements in any order", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(20);
            for (var left = sent.Length; left > 0; left--)
            {
                var at = scene.Dice.Below(left);
                var identifier = sent[at];
                sent[at] = sent[left - 1];
                scene.Send(() => scene.Valid.Ack(PubAck, identifier, scene.Dice.One<int>([0x00, 0x10, 0x80, 0x83, 0x97])));
            }
        }),
        new("PUBACK for a message of QoS 2", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3, MqttQos.ExactlyOnce);
            scene.Send(() => scene.Valid.Ack(PubAck, sent[0], 0));
        }, Protocol),
        new("PUBCOMP before PUBREC", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3, MqttQos.ExactlyOnce);
            scene.Send(() => scene.Valid.Ack(PubComp, sent[1], 0));
        }, Protocol),
        new("PUBACK after PUBREC", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3, MqttQos.ExactlyOnce);
            scene.Send(() => scene.Valid.Ack(PubRec, sent[1], 0));
            scene.Send(() => scene.Valid.Ack(PubAck, sent[1], 0));
        }, Protocol),
        new("PUBREC and PUBCOMP twice", scene =>
        {
            scene.Welcome();
            var sent = scene.LetPublish(3, MqttQos.ExactlyOnce);
            for (var time = 0; time < 2; time++)
            {
                scene.Send(() => scene.Valid.Ack(PubRec, sent[2], 0));
                scene.ExpectAnswer(6, sent[2], 0);
            }

            for (var time = 0; time < 2; time++) scene.Send(() => scene.Valid.Ack(PubComp, sent[2], 0));
        }),
        new("PUBREC for a packet identifier never sent", scene =>
        {
            scene.Welcome();
            var other = scene.OtherThan(scene.LetPublish(3, MqttQos.ExactlyOnce));
            scene.Send(() => scene.Valid.Ack(PubRec, other, 0));
            scene.ExpectAnswer(6, other, 0x92);
        }),
        new("PUBREL for a packet identifier never sent", scene =>
        {
            scene.Welcome();
            var other = scene.Dice.PacketId();
            scene.Send(() => scene.Valid.Ack(PubRel, other, 0));
            scene.ExpectAnswer(7, other, 0x92);
        }),
        new("PUBCOMP for a packet identifier never sent", scene =>
        {
            scene.Welcome();
            scene.Send(() => scene.Valid.Ack(PubComp, scene.Dice.PacketId(), 0));
        }),
        new("a message of QoS 2 again and again before PUBREL", scene =>
        {
            scene.Welcome();
            var packetId = scene.Dice.PacketId();
            for (var time = 0; time < 5; time++)
            {
                scene.Send(() => scene.Valid.Publish(qos: 2, packetId));
                scene.ExpectAnswer(5, packetId, 0);
            }

            scene.Send(() => scene.Valid.Ack(PubRel, packetId, 0));
            scene.ExpectAnswer(7, packetId, 0);
            scene.UntilHandedOver(1);
            if (scene.Client.Messages != 1) throw new InvalidDataException($"It was handed over {scene.Client.Messages} times.");
        }),
        new("a packet identifier in use for two messages of different QoS", scene =>
        {
            scene.Welcome();
            var packetId = scene.Dice.PacketId();
            for (var time = 0; time < 20; time++) scene.Send(() => scene.Valid.Publish(scene.Dice.Between(1, 2), packetId));
        }),
    ];

    /// <summary>Those that a version knows.</summary>
    public static IEnumerable<HostileSession> Of(MqttProtocolVersion version) => All.Where(session => version == MqttProtocolVersion.V500 || !session.Version5Only);

    private static void Aliased(HostileScene scene, string topic, int alias)
    {
        var begin = scene.Bytes.Begin(0x30);
        scene.Bytes.Text(topic).Byte(3).Byte(0x23).UInt16(alias).End(begin);
    }

    private static void SendMessages(HostileScene scene, int count)
    {
        for (var packetId = 1; packetId <= count; packetId++) scene.Valid.Publish(qos: 1, packetId);
    }
}
