using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Tally.AckResponder.Notices;
using Tally.Mqtt;
using Tally.ServiceDefaults;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.AckResponder;

public sealed class AckResponderTests
{
    private const string Notice =
        """{"run":"r","acks":[{"to":"acks/s1","announced":"started"},{"to":"acks/s2","announced":"started"}],"replies":[{"to":"acks/s1","correlation":"AQI=","stored":true,"device":"d","metric":"m","seq":1}]}""";

    [Fact]
    public async Task A_notice_becomes_an_acknowledgement_on_each_publishers_own_topic()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var publisher = await Party.JoinAsync(broker.AddressOf("simulator"), "s1", "acks/s1", "acks/s2");
        await using var service = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await service.UntilReadyAsync();
        await using var ingest = await Party.JoinAsync(broker.AddressOf("ingest"), "ingest-1-notices");

        (await ingest.PublishAsync("stored/r", Notice, cancel)).ShouldBe(MqttReasonCode.Success);

        await Eventually.UntilAsync(() => publisher.Arrived.Count == 3, "three acknowledgements");
        publisher.Arrived.Select(arrived => (arrived.Topic, arrived.Payload)).ShouldBe(
        [
            ("acks/s1", """{"run":"r","announced":"started"}"""),
            ("acks/s2", """{"run":"r","announced":"started"}"""),
            ("acks/s1", """{"run":"r","stored":true,"device":"d","metric":"m","seq":1}"""),
        ]);
        publisher.Arrived.Last().Correlation.ShouldBe([1, 2]);
    }

    [Fact]
    public async Task Notices_that_arrive_while_it_is_away_are_waiting_when_it_comes_back()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var publisher = await Party.JoinAsync(broker.AddressOf("simulator"), "s1", "acks/s1");
        await using var ingest = await Party.JoinAsync(broker.AddressOf("ingest"), "ingest-1-notices");
        await using (var service = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"))) await service.UntilReadyAsync();

        for (var i = 0; i < 5; i++) await ingest.PublishAsync("stored/r", Notice, cancel);
        publisher.Arrived.ShouldBeEmpty();

        await using var again = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await Eventually.UntilAsync(() => publisher.Arrived.Count == 10, "ten acknowledgements");
    }

    [Fact]
    public async Task More_notices_than_may_be_in_progress_are_settled_one_after_the_other()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var publisher = await Party.JoinAsync(broker.AddressOf("simulator"), "s1", "acks/s1", "acks/s2");
        await using var service = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"), ("MaxNotices", "1"));
        await service.UntilReadyAsync();
        await using var ingest = await Party.JoinAsync(broker.AddressOf("ingest"), "ingest-1-notices");

        for (var i = 0; i < 20; i++) await ingest.PublishAsync("stored/r", Notice, cancel);

        await Eventually.UntilAsync(() => publisher.Arrived.Count == 60, "three acknowledgements for each of twenty notices");
    }

    [Fact]
    public async Task A_notice_that_cannot_be_read_or_heard_does_not_block_those_behind_it()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var publisher = await Party.JoinAsync(broker.AddressOf("simulator"), "s1", "acks/s1");
        await using var service = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await service.UntilReadyAsync();
        await using var ingest = await Party.JoinAsync(broker.AddressOf("ingest"), "ingest-1-notices");

        foreach (var notice in (string[])["", "no JSON", """{"run":"r","acks":[{"to":"acks/+"},{"to":"elsewhere/x"},{"to":"acks/nobody"}]}""", Notice])
        {
            await ingest.PublishAsync("stored/r", notice, cancel);
        }

        // Acknowledged in order of arrival: the last one only after the broker was asked four times for somebody at acks/nobody.
        var session = service.App.Services.GetRequiredService<NoticeSession>();
        await Eventually.UntilAsync(() => publisher.Arrived.Count == 2 && session.OldestAge == TimeSpan.Zero, "the last notice to be settled");
        await service.App.StopAsync(cancel);

        // All of them were settled: the broker has nothing to deliver before a new one.
        await using var again = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await again.UntilReadyAsync();
        await ingest.PublishAsync("stored/r", Notice, cancel);
        await Eventually.UntilAsync(() => publisher.Arrived.Count >= 4, "one more notice's acknowledgements");
        publisher.Arrived.Count.ShouldBe(4);
    }

    [Fact]
    public async Task It_is_alive_but_not_ready_while_the_broker_is_away()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var service = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await service.UntilReadyAsync();

        await broker.KillAsync();
        await Eventually.UntilAsync(async () => (await service.GetAsync("/health/ready")).Status == HttpStatusCode.ServiceUnavailable, "it to be not ready");
        (await service.GetAsync("/health/ready")).Text.ShouldContain("no subscribed session");
        (await service.GetAsync("/health/live")).Status.ShouldBe(HttpStatusCode.OK);

        await broker.StartAgainAsync(cancel, forget: true);
        await service.UntilReadyAsync();
    }

    [Fact]
    public async Task A_broker_that_refuses_the_password_ends_it_with_status_3()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var service = await AckResponderHost.StartAsync(new UriBuilder(broker.AddressOf("ackresponder")) { Password = "wrong" }.Uri);

        var stopping = service.App.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        await Eventually.UntilAsync(() => stopping.IsCancellationRequested, "the service to give up");
        var final = service.App.Services.GetRequiredService<FinalError>();
        final.Status.ShouldBe(3);
        var line = final.Line.ShouldNotBeNull();
        line.ShouldContain("ackresponder");
        line.ShouldNotContain("wrong");
    }
}
