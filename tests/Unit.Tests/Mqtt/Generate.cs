using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Random packets, the same in every run.</summary>
internal static class Generate
{
    private static readonly Replay Seed = new(new Rnd(20_261_120, 1), FSharpOption<int>.None);

    /// <summary>Checks a property with many values; a failing one is shrunk and shown.</summary>
    public static void ForAll<T>(Gen<T> values, Action<T> property, int tests = 500) =>
        Check.One(
            Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(tests).WithReplay(FSharpOption<Replay>.Some(Seed)),
            Prop.ForAll(values.ToArbitrary(), property));

    public static readonly Gen<byte[]> Bytes = Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value));

    /// <summary>Strings of one to four bytes a character, also long ones whose length takes both bytes.</summary>
    public static readonly Gen<string> Text = Gen.Frequency(
        (9, Gen.ArrayOf(Gen.Elements("a", "Z", "0", "/", " ", "é", "°", "€", "\uFEFF", "𝄞")).Select(string.Concat)),
        (1, Gen.Choose(256, 700).Select(length => new string('x', length))));

    public static readonly Gen<string> NonEmptyText = Text.Select(text => text.Length == 0 ? "x" : text);

    public static readonly Gen<(string Name, string Value)[]> UserPropertyList = Gen.ArrayOf(Text.Zip(Text, (name, value) => (name, value))).Resize(4);

    public static readonly Gen<byte[]> EncodedUserProperties = UserPropertyList.Select(list => MqttUserProperties.Encode(list));

    public static readonly Gen<bool> Coin = Gen.Elements(true, false);

    public static readonly Gen<ushort> PacketId = Gen.Choose(1, ushort.MaxValue).Select(value => (ushort)value);

    public static readonly Gen<uint> Seconds = Gen.Elements(0u, 1u, 3600u, uint.MaxValue);

    public static readonly Gen<BrokerPublish> Publish =
        from topic in NonEmptyText
        from payload in Gen.Frequency((9, Bytes), (1, Gen.Choose(100, 40_000).Select(length => new byte[length])))
        from qos in Gen.Elements(MqttQos.AtMostOnce, MqttQos.AtLeastOnce, MqttQos.ExactlyOnce)
        from packetId in PacketId
        from flags in Gen.Choose(0, 15)
        from expiry in Seconds
        from contentType in Text
        from responseTopic in Text
        from correlation in Bytes
        from subscriptions in Gen.ArrayOf(Gen.Elements(1u, 127u, 128u, 16_383u, 268_435_455u)).Resize(3)
        from user in UserPropertyList
        select new BrokerPublish
        {
            Topic = topic,
            Payload = payload,
            Qos = qos,
            PacketId = packetId,
            Retain = (flags & 1) != 0,
            Duplicate = (flags & 2) != 0 && qos != MqttQos.AtMostOnce,
            PayloadIsText = (flags & 4) != 0,
            MessageExpiryInterval = (flags & 8) != 0 ? expiry : null,
            ContentType = contentType,
            ResponseTopic = responseTopic,
            CorrelationData = correlation,
            SubscriptionIdentifiers = subscriptions,
            UserProperties = user,
            Scattered = (flags & 1) != 0,
        };

    public static readonly Gen<ConnAckPacket> ConnAck =
        from present in Coin
        from flags in Gen.Choose(0, 255)
        from receiveMaximum in PacketId
        from seconds in Seconds
        from text in Text
        from reason in Text
        from user in EncodedUserProperties
        from data in Bytes
        select new ConnAckPacket
        {
            SessionPresent = present,
            ReceiveMaximum = receiveMaximum,
            SessionExpiryInterval = (flags & 1) != 0 ? seconds : null,
            MaximumQos = (flags & 2) != 0 ? MqttQos.AtLeastOnce : (flags & 4) != 0 ? MqttQos.AtMostOnce : MqttQos.ExactlyOnce,
            RetainAvailable = (flags & 8) != 0,
            MaximumPacketSize = (flags & 16) != 0 ? seconds + 1 == 0 ? 1 : seconds + 1 : null,
            AssignedClientIdentifier = (flags & 32) != 0 ? text : null,
            TopicAliasMaximum = receiveMaximum,
            ReasonString = (flags & 64) != 0 ? reason : null,
            UserProperties = user,
            WildcardSubscriptionAvailable = (flags & 1) != 0,
            SubscriptionIdentifiersAvailable = (flags & 2) != 0,
            SharedSubscriptionAvailable = (flags & 4) != 0,
            ServerKeepAlive = (flags & 128) != 0 ? receiveMaximum : null,
            ResponseInformation = (flags & 8) != 0 ? text : null,
            ServerReference = (flags & 16) != 0 ? reason : null,
            AuthenticationMethod = (flags & 32) != 0 ? text : null,
            AuthenticationData = data,
        };

    /// <summary>Any whole packet that a broker may send.</summary>
    public static readonly Gen<byte[]> Packet = Gen.OneOf(
        Publish.Select(BrokerPackets.Publish),
        ConnAck.Select(BrokerPackets.ConnAck),
        PacketId.Select(BrokerPackets.PubAck),
        from type in Gen.Elements(PacketType.PubAck, PacketType.PubRec, PacketType.PubRel, PacketType.PubComp)
        from id in PacketId
        from reason in Text
        from user in EncodedUserProperties
        select BrokerPackets.Ack(type, id, MqttReasonCode.Success, reason, user),
        from type in Gen.Elements(PacketType.SubAck, PacketType.UnsubAck)
        from id in PacketId
        from count in Gen.Choose(1, 200)
        select BrokerPackets.SubAck(type, id, new byte[count]),
        Text.Select(reason => BrokerPackets.Disconnect(new DisconnectPacket { Reason = MqttReasonCode.ServerBusy, ReasonString = reason })),
        Gen.Constant(BrokerPackets.PingResp));

    public static string Show(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
