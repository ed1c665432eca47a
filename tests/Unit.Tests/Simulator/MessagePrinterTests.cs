using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Shouldly;
using Tally.Mqtt;
using Tally.SensorSimulator.Watching;
using Tally.Unit.Tests.AckResponder;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class MessagePrinterTests
{
    [Fact]
    public void Text_stands_as_it_is_and_cannot_command_a_terminal()
    {
        MessagePrinter.Describe("Temperature: 23.5°C"u8).ShouldBe("Temperature: 23.5°C");
        MessagePrinter.Describe("a\nb\x1b[2J"u8).ShouldBe("a\\u000ab\\u001b[2J");
    }

    [Fact]
    public void Anything_else_is_hexadecimal()
    {
        MessagePrinter.Describe([0xff, 0x00, 0x10]).ShouldBe("0xff0010");
        MessagePrinter.Describe([0x41, 0x00]).ShouldBe("0x4100");
    }

    [Fact]
    public void A_long_payload_is_cut_off_and_its_length_is_said()
    {
        var text = MessagePrinter.Describe(Encoding.UTF8.GetBytes(new string('x', 5_000)));
        text.ShouldEndWith("… (5,000 bytes)");
        text.Length.ShouldBeLessThan(2_100);
    }

    [Fact]
    public void A_payload_cut_off_in_the_middle_of_a_character_is_still_text() =>
        MessagePrinter.Describe(Encoding.UTF8.GetBytes("x" + new string('°', 3_000))).ShouldStartWith("x°°°");

    [Fact]
    public void Messages_are_counted_up_to_the_last_one()
    {
        var output = new StringWriter();
        var enough = 0;
        var client = new RecordingClient();
        var printer = new MessagePrinter(output, every: 2, count: 3, () => enough++) { Client = client };
        for (var i = 1; i <= 5; i++)
        {
            printer.OnMessage(new MqttMessage
            {
                Topic = "home/temperature"u8,
                Payload = Encoding.UTF8.GetBytes($"{i}"),
                Packet = new MqttPublishPacket { QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce, Retain = i == 1 },
                Delivery = new MqttDelivery(1, (ushort)i),
            });
        }

        printer.PrintTotal();
        var lines = output.ToString().Split('\n');
        lines[0].ShouldEndWith("home/temperature QoS 1 retained 1");
        lines[1].ShouldEndWith("home/temperature QoS 1 2");
        lines[2].ShouldBe("-- 2 messages");
        lines[3].ShouldEndWith(" 3");
        lines[4].ShouldBe("3 messages");
        enough.ShouldBe(1);
        client.Acknowledged.Count.ShouldBe(5);
    }
}
