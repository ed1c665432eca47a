using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

// From the broker to us.
public abstract partial class MqttContract
{
    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task What_its_owner_did_not_acknowledge_comes_again_and_what_it_did_does_not(MqttQos qos)
    {
        var line = NewLine();
        var subscriber = Join(Options("sub", new MqttSubscription(Topic("d"), qos)) with { Broker = line.Through(Device) });
        subscriber.Acknowledges = false;
        await subscriber.ReadyAsync();
        var publisher = await JoinAsync("pub");
        var count = qos == MqttQos.AtLeastOnce || fixture.KeepsExactlyOnce ? 3 : 2;
        for (var token = 0; token < count; token++) await publisher.SendAsync(Topic("d"), token, qos, Cancel);
        await subscriber.UntilReceivedAsync(count);
        var first = subscriber.Messages.ToArray();
        first.Select(message => message.Payload).ShouldBe(Tokens(count));
        first.ShouldAllBe(message => !message.Duplicate && message.Delivery.Epoch == 1);
        subscriber.Client.Acknowledge(first[0].Delivery);
        await SettleAsync(subscriber, qos);
        line.Cut();

        if (qos == MqttQos.AtLeastOnce)
        {
            await subscriber.UntilReceivedAsync(5);
            var second = subscriber.Messages.Skip(3).ToArray();
            second.Select(message => message.Payload).ShouldBe(["1", "2"]);
            second.ShouldAllBe(message => message.Duplicate == fixture.SetsDuplicate && message.Delivery.Epoch == 2);

            // An acknowledgement of the connection before means nothing on this one.
            subscriber.Client.Acknowledge(first[1].Delivery);
            await FlushAsync(subscriber);
            line.Cut();
            await subscriber.UntilReceivedAsync(7);
            subscriber.Messages.Skip(5).Select(message => message.Payload).ShouldBe(["1", "2"]);
        }
        else
        {
            // It was handed over once; that is what exactly once means.
            await subscriber.ReadyAsync(epoch: 2);
        }

        subscriber.Client.Acknowledge([.. subscriber.Messages.TakeLast(count - 1).Select(message => message.Delivery)]);
        await SettleAsync(subscriber, qos);
        var before = subscriber.Messages.Count;
        line.Cut();
        await subscriber.ReadyAsync(epoch: qos == MqttQos.AtLeastOnce ? 4 : 3);
        await publisher.SendAsync(Topic("d"), 9, qos, Cancel);
        await subscriber.UntilAsync(() => subscriber.Payloads.Contains("9"), "the new message to arrive");
        if (qos == MqttQos.AtLeastOnce || fixture.KeepsExactlyOnce) subscriber.Messages.Count.ShouldBe(before + 1);
    }

    // At QoS 2 the first answer comes behind PUBREL, and the second is to what goes behind PUBCOMP.
    private async Task SettleAsync(Party subscriber, MqttQos qos)
    {
        for (var turn = 0; turn < (int)qos; turn++) await FlushAsync(subscriber);
    }

    [Fact]
    public async Task An_acknowledgement_said_twice_does_not_acknowledge_the_next_message()
    {
        var line = NewLine();
        var subscriber = Join(Options("sub", new MqttSubscription(Topic("d"))) with { Broker = line.Through(Device) });
        subscriber.Acknowledges = false;
        await subscriber.ReadyAsync();
        var publisher = await JoinAsync("pub");
        await publisher.SendAsync(Topic("d"), 0, MqttQos.AtLeastOnce, Cancel);
        await subscriber.UntilReceivedAsync(1);
        var delivery = subscriber.Messages.Single().Delivery;
        subscriber.Client.Acknowledge(delivery);
        subscriber.Client.Acknowledge([delivery, delivery]);
        await FlushAsync(subscriber);
        await publisher.SendAsync(Topic("d"), 1, MqttQos.AtLeastOnce, Cancel);
        await subscriber.UntilReceivedAsync(2);
        line.Cut();
        await subscriber.UntilReceivedAsync(3);
        subscriber.Payloads.ShouldBe(["0", "1", "1"]);
    }

    [Fact]
    public async Task An_owner_holds_the_broker_back_for_longer_than_the_keep_alive()
    {
        const int Count = 10_000;
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var keepAlive = TimeSpan.FromSeconds(1);
        var subscriber = Join(Options("sub", new MqttSubscription(Topic("#"))) with { KeepAlive = keepAlive });
        subscriber.Hold = hold.Task;
        await subscriber.ReadyAsync();
        var publisher = await JoinAsync("pub");
        var publishing = Task.Run(
            async () =>
            {
                for (var token = 0; token < Count; token++) await publisher.SendAsync(Topic("d"), token, MqttQos.AtLeastOnce, Cancel);
            },
            Cancel);

        // Time is the fault here: the broker closes the connection after one and a half keep-alives without a packet.
        var since = Environment.TickCount64;
        await Eventually.UntilAsync(() => Environment.TickCount64 - since > 1_800, "one and a half keep-alives to pass");
        var held = subscriber.Messages.Count;
        held.ShouldBeInRange(1, Count / 2);
        subscriber.Client.Epoch.ShouldBe(1);

        hold.SetResult();
        await publishing;
        await Eventually.UntilAsync(() => subscriber.Payloads.Distinct().Count() == Count, "every message to arrive");
        subscriber.Story.ShouldBe(["connected, new session"]);
        subscriber.Messages.Count.ShouldBe(Count);
    }

    [Fact]
    public async Task An_exception_of_its_owner_ends_the_client_with_it()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        subscriber.Hold = Task.FromException(new InvalidDataException("the owner's fault"));
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("d"), "", Cancel);
        (await Should.ThrowAsync<InvalidDataException>(subscriber.Run.WaitAsync(Eventually.Timeout, Cancel))).Message.ShouldBe("the owner's fault");
    }

    [Fact]
    public async Task A_retained_message_comes_with_the_subscription_and_an_empty_one_removes_it()
    {
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("kept"), "old", Cancel, retain: true);
        await publisher.PublishAsync(Topic("kept"), "newer", Cancel, retain: true);
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await subscriber.UntilReceivedAsync(1);
        await publisher.PublishAsync(Topic("kept"), "newest", Cancel, retain: true);
        await subscriber.UntilReceivedAsync(2);
        subscriber.Messages.Select(message => (message.Payload, message.Retain)).ShouldBe([("newer", true), ("newest", false)]);

        await publisher.PublishAsync(Topic("kept"), "", Cancel, retain: true);
        var later = await JoinAsync("later", new MqttSubscription(Topic("#")));
        await publisher.PublishAsync(Topic("other"), "first", Cancel);
        await later.UntilReceivedAsync(1);
        later.Payloads.ShouldBe(["first"]);
    }
}
