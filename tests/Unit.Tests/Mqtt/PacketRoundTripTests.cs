using System.Buffers;
using FsCheck.Fluent;
using Shouldly;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class PacketRoundTripTests
{
    private byte[] _scratch = [];

    [Fact]
    public void A_message_from_the_broker_is_decoded_as_it_was_encoded() => Generate.ForAll(Generate.Publish, message =>
    {
        var (header, body) = Decode.Split(BrokerPackets.Publish(message));
        var packet = PublishPacket.Decode(header.Flags, body, ref _scratch);

        Generate.Show(packet.Topic).ShouldBe(message.Topic);
        packet.Payload.ToArray().ShouldBe(message.Payload);
        packet.Qos.ShouldBe(message.Qos);
        packet.PacketId.ShouldBe(message.Qos == MqttQos.AtMostOnce ? (ushort)0 : message.PacketId);
        packet.Retain.ShouldBe(message.Retain);
        packet.Duplicate.ShouldBe(message.Duplicate);
        packet.PayloadIsText.ShouldBe(message.PayloadIsText);
        packet.MessageExpiryInterval.ShouldBe(message.MessageExpiryInterval);
        Generate.Show(packet.ContentType).ShouldBe(message.ContentType);
        Generate.Show(packet.ResponseTopic).ShouldBe(message.ResponseTopic);
        packet.CorrelationData.ToArray().ShouldBe(message.CorrelationData);
        var subscriptions = new List<uint>();
        foreach (var identifier in packet.SubscriptionIdentifiers) subscriptions.Add(identifier);
        subscriptions.ShouldBe(message.SubscriptionIdentifiers);
        var user = new List<(string, string)>();
        foreach (var pair in packet.UserProperties) user.Add((Generate.Show(pair.Name), Generate.Show(pair.Value)));
        user.ShouldBe(message.UserProperties);
    });

    [Fact]
    public void A_message_to_the_broker_is_encoded_as_it_decodes() => Generate.ForAll(Generate.Publish, message =>
    {
        var user = MqttUserProperties.Encode([.. message.UserProperties]);
        var bytes = Encode(message, user, message.PacketId);
        var (header, body) = Decode.Split(bytes);
        var packet = PublishPacket.Decode(header.Flags, body, ref _scratch);

        Generate.Show(packet.Topic).ShouldBe(message.Topic);
        packet.Payload.ToArray().ShouldBe(message.Payload);
        packet.Qos.ShouldBe(message.Qos);
        packet.PacketId.ShouldBe(message.Qos == MqttQos.AtMostOnce ? (ushort)0 : message.PacketId);
        packet.Retain.ShouldBe(message.Retain);
        packet.Duplicate.ShouldBeFalse();
        Generate.Show(packet.ContentType).ShouldBe(message.ContentType);
        Generate.Show(packet.ResponseTopic).ShouldBe(message.ResponseTopic);
        packet.CorrelationData.ToArray().ShouldBe(message.CorrelationData);
        packet.PayloadIsText.ShouldBe(message.PayloadIsText);
        packet.MessageExpiryInterval.ShouldBe(message.MessageExpiryInterval);
        packet.UserProperties.Encoded.ToArray().ShouldBe(user);
    });

    [Fact]
    public void An_encoded_message_can_be_given_another_packet_identifier_and_DUP() => Generate.ForAll(
        Generate.Publish.Where(message => message.Qos != MqttQos.AtMostOnce), message =>
    {
        var bytes = Encode(message, [], 1);
        PublishEncoder.SetPacketId(bytes, message.PacketId);
        PublishEncoder.SetDuplicate(bytes);
        var (header, body) = Decode.Split(bytes);
        var packet = PublishPacket.Decode(header.Flags, body, ref _scratch);

        packet.PacketId.ShouldBe(message.PacketId);
        packet.Duplicate.ShouldBeTrue();
        packet.Payload.ToArray().ShouldBe(message.Payload);
    });

    [Fact]
    public void CONNACK_is_decoded_as_it_was_encoded() => Generate.ForAll(Generate.ConnAck, connAck =>
    {
        var decoded = ConnAckPacket.Decode(Decode.Split(BrokerPackets.ConnAck(connAck)).Body);
        decoded.UserProperties.ToArray().ShouldBe(connAck.UserProperties.ToArray());
        decoded.AuthenticationData.ToArray().ShouldBe(connAck.AuthenticationData.ToArray());
        var same = decoded with { UserProperties = connAck.UserProperties, AuthenticationData = connAck.AuthenticationData };
        same.ShouldBe(connAck);
    });

    [Theory]
    [InlineData(1, MqttReasonCode.UnsupportedProtocolVersion)]
    [InlineData(2, MqttReasonCode.ClientIdentifierNotValid)]
    [InlineData(3, MqttReasonCode.ServerUnavailable)]
    [InlineData(4, MqttReasonCode.BadUserNameOrPassword)]
    [InlineData(5, MqttReasonCode.NotAuthorized)]
    public void A_CONNACK_of_a_broker_that_knows_only_3_1_1_is_understood(byte code, MqttReasonCode meaning) =>
        ConnAckPacket.Decode([0, code]).Reason.ShouldBe(meaning);

    [Fact]
    public void An_acknowledgement_is_decoded_as_it_was_encoded() => Generate.ForAll(
        from type in Gen.Elements(PacketType.PubAck, PacketType.PubRec, PacketType.PubRel, PacketType.PubComp)
        from packetId in Generate.PacketId
        from failed in Generate.Coin
        from text in Generate.NonEmptyText
        from user in Generate.EncodedUserProperties
        select (type, packetId, failed, text, user),
        ack =>
        {
            var reason = !ack.failed ? MqttReasonCode.Success
                : ack.type is PacketType.PubAck or PacketType.PubRec ? MqttReasonCode.QuotaExceeded
                : MqttReasonCode.PacketIdentifierNotFound;
            var decoded = AckPacket.Decode(ack.type, Decode.Split(BrokerPackets.Ack(ack.type, ack.packetId, reason, ack.text, ack.user)).Body, ref _scratch);
            decoded.PacketId.ShouldBe(ack.packetId);
            decoded.Reason.ShouldBe(reason);
            Generate.Show(decoded.ReasonString).ShouldBe(ack.text);
            decoded.UserProperties.Encoded.ToArray().ShouldBe(ack.user);
        });

    [Fact]
    public void An_acknowledgement_goes_out_in_four_bytes()
    {
        var bytes = new byte[AckPacket.ShortLength];
        AckPacket.WriteShort(bytes, PacketType.PubAck, 0x1234);
        bytes.ShouldBe([0x40, 0x02, 0x12, 0x34]);
        AckPacket.WriteShort(bytes, PacketType.PubRel, 7);
        bytes.ShouldBe([0x62, 0x02, 0x00, 0x07]);
        AckPacket.Decode(PacketType.PubRel, bytes.AsSpan(2), ref _scratch).PacketId.ShouldBe((ushort)7);
    }

    [Fact]
    public void SUBACK_is_decoded_as_it_was_encoded() => Generate.ForAll(
        from packetId in Generate.PacketId
        from reasons in Gen.NonEmptyListOf(Gen.Elements<byte>(0x00, 0x01, 0x02, 0x80, 0x87, 0x8F, 0xA2))
        from text in Generate.NonEmptyText
        from user in Generate.EncodedUserProperties
        select (packetId, reasons: reasons.ToArray(), text, user),
        subAck =>
        {
            var bytes = BrokerPackets.SubAck(PacketType.SubAck, subAck.packetId, subAck.reasons, subAck.text, subAck.user);
            var decoded = SubAckPacket.Decode(PacketType.SubAck, Decode.Split(bytes).Body, ref _scratch);
            decoded.PacketId.ShouldBe(subAck.packetId);
            decoded.Reasons.ToArray().ShouldBe(subAck.reasons);
            decoded.ReasonString.ShouldBe(subAck.text);
            decoded.UserProperties.Encoded.ToArray().ShouldBe(subAck.user);
        });

    [Fact]
    public void DISCONNECT_and_AUTH_are_decoded_as_they_were_encoded() => Generate.ForAll(
        from text in Generate.NonEmptyText
        from method in Generate.Text
        from data in Generate.Bytes
        from user in Generate.EncodedUserProperties
        select (text, method, data, user),
        packet =>
        {
            var disconnect = new DisconnectPacket
            {
                Reason = MqttReasonCode.SessionTakenOver, ReasonString = packet.text, ServerReference = packet.method, UserProperties = packet.user,
            };
            var decoded = DisconnectPacket.Decode(Decode.Split(BrokerPackets.Disconnect(disconnect)).Body);
            decoded.UserProperties.ToArray().ShouldBe(packet.user);
            (decoded with { UserProperties = disconnect.UserProperties }).ShouldBe(disconnect);

            var auth = new AuthPacket
            {
                Reason = MqttReasonCode.ContinueAuthentication, AuthenticationMethod = packet.method, AuthenticationData = packet.data,
                ReasonString = packet.text, UserProperties = packet.user,
            };
            var bytes = new ArrayBufferWriter<byte>();
            auth.Encode(bytes);
            var again = AuthPacket.Decode(Decode.Split(bytes.WrittenSpan.ToArray()).Body);
            again.UserProperties.ToArray().ShouldBe(packet.user);
            again.AuthenticationData.ToArray().ShouldBe(packet.data);
            (again with { UserProperties = auth.UserProperties, AuthenticationData = auth.AuthenticationData }).ShouldBe(auth);
        });

    [Fact]
    public void CONNECT_has_the_bytes_of_the_specification()
    {
        var bytes = new ArrayBufferWriter<byte>();
        new ConnectPacket
        {
            ClientId = "id", CleanStart = true, KeepAlive = 60, UserName = "u", Password = "pw"u8.ToArray(),
            SessionExpiryInterval = 3600, ReceiveMaximum = 10, MaximumPacketSize = 1 << 20,
            Will = new WillMessage { Topic = "w", Payload = "gone"u8.ToArray(), Qos = MqttQos.AtLeastOnce, Retain = true, DelayInterval = 5 },
        }.Encode(bytes);

        Convert.ToHexString(bytes.WrittenSpan).ShouldBe(
            "10" + "32" +           // CONNECT, 50 bytes
            "00044D515454" + "05" + // "MQTT", version 5
            "EE" + "003C" +         // user, password, retained will at QoS 1, clean start; keep-alive 60
            "0D" + "1100000E10" + "21000A" + "2700100000" + // session expiry, receive maximum, maximum packet size
            "00026964" +            // client identifier
            "05" + "1800000005" +   // will delay
            "000177" + "0004676F6E65" +
            "000175" + "00027077");
    }

    [Fact]
    public void SUBSCRIBE_and_UNSUBSCRIBE_have_the_bytes_of_the_specification()
    {
        var bytes = new ArrayBufferWriter<byte>();
        new SubscribePacket
        {
            PacketId = 10,
            SubscriptionIdentifier = 200,
            Filters =
            [
                new SubscribeFilter("a/b", MqttQos.AtLeastOnce),
                new SubscribeFilter("c/#", MqttQos.ExactlyOnce, NoLocal: true, RetainAsPublished: true, MqttRetainHandling.DoNotSend),
            ],
        }.Encode(bytes);
        Convert.ToHexString(bytes.WrittenSpan).ShouldBe("8212" + "000A" + "03" + "0BC801" + "0003612F62" + "01" + "0003632F23" + "2E");

        bytes.Clear();
        new UnsubscribePacket { PacketId = 10, Filters = ["a/b"] }.Encode(bytes);
        Convert.ToHexString(bytes.WrittenSpan).ShouldBe("A208" + "000A" + "00" + "0003612F62");
    }

    private static byte[] Encode(BrokerPublish message, byte[] user, ushort packetId)
    {
        var publication = new MqttPublication
        {
            Topic = System.Text.Encoding.UTF8.GetBytes(message.Topic),
            Payload = message.Payload,
            ContentType = System.Text.Encoding.UTF8.GetBytes(message.ContentType),
            ResponseTopic = System.Text.Encoding.UTF8.GetBytes(message.ResponseTopic),
            CorrelationData = message.CorrelationData,
            UserProperties = new MqttUserProperties(user),
            PayloadIsText = message.PayloadIsText,
            MessageExpiryInterval = message.MessageExpiryInterval,
            Qos = message.Qos,
            Retain = message.Retain,
        };
        var encoder = new PublishEncoder(publication);
        var bytes = new byte[encoder.PacketLength];
        encoder.Write(bytes, publication, packetId);
        return bytes;
    }
}
