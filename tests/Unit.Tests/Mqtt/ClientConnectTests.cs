using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class ClientConnectTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CONNECT_carries_what_the_options_say_and_credentials_are_percent_decoded()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { CleanStart = true, KeepAlive = TimeSpan.FromSeconds(7), ReceiveMaximum = 77 });
        var connection = await broker.AcceptAsync(Cancel);
        var connect = await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel);

        Convert.ToHexString(connect).ShouldBe(
            "00044D515454" + "05" + "C2" + "0007" + "0D" + "110000012C" + "21004D" + "2700100000" + "0008" + Hex("client-1") +
            "0007" + Hex("someone") + "0004" + Hex("p@ss"));
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_reported_once_and_tried_again()
    {
        // A port that was free a moment ago, with nobody on it.
        var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { Broker = new Uri($"mqtt://127.0.0.1:{port}") });
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith($"disconnected 0 ServerUnavailable: Broker 127.0.0.1:{port} cannot be reached: Connection refused");

        var later = new TcpListener(IPAddress.Loopback, port);
        later.Start();
        using var tcp = await later.AcceptTcpClientAsync(Cancel);
        var connection = new ScriptedConnection(tcp);
        await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel);
        await connection.SendAsync(BrokerPackets.ConnAck(new BrokerConnAck()), Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("connected 1");
        session.Log.Lines.Count(line => line.Level == LogLevel.Warning).ShouldBe(1);
        await session.StopAsync();
        later.Stop();
    }

    [Fact]
    public async Task A_host_that_does_not_answer_ends_the_attempt_within_its_time()
    {
        // A listener whose backlog is full drops what comes after, like a host that is switched off.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var fillers = new List<Socket>();
        for (var count = 0; count < 4; count++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            fillers.Add(filler);
            Should.Throw<SocketException>(() => filler.Connect(listener.LocalEndPoint!)).SocketErrorCode.ShouldBe(SocketError.WouldBlock);
        }

        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        await using var broker = new ScriptedBroker();
        await using (var session = new ClientSession(broker.Options with
        {
            Broker = new Uri($"mqtt://127.0.0.1:{port}"), ConnectTimeout = TimeSpan.FromMilliseconds(200),
        }))
        {
            (await session.Handler.NextAsync(Cancel)).ShouldBe(
                $"disconnected 0 ServerUnavailable: Broker 127.0.0.1:{port} cannot be reached: no answer within 0.2 s.");
            await session.StopAsync().WaitAsync(ScriptedBroker.Limit, Cancel);
        }

        foreach (var filler in fillers) filler.Dispose();
    }

    [Theory]
    [InlineData(MqttReasonCode.BadUserNameOrPassword, "Check user name and password")]
    [InlineData(MqttReasonCode.NotAuthorized, "access list")]
    [InlineData(MqttReasonCode.ClientIdentifierNotValid, "Choose another client id")]
    [InlineData(MqttReasonCode.Banned, "lift the ban")]
    [InlineData(MqttReasonCode.UnsupportedProtocolVersion, "speaks MQTT 5")]
    [InlineData(MqttReasonCode.BadAuthenticationMethod, "enhanced authentication")]
    public async Task A_final_refusal_ends_the_client_and_says_the_way_out_but_not_the_password(MqttReasonCode reason, string wayOut)
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V500 });
        var waiting = session.Client.PublishAsync(new MqttPublication { Topic = "t" }, Cancel);
        await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { Reason = reason, ReasonString = "so there" });

        var refused = await Should.ThrowAsync<MqttRefusedException>(session.Run);
        refused.Reason.ShouldBe(reason);
        refused.ReasonString.ShouldBe("so there");
        refused.Message.ShouldContain($"127.0.0.1:{broker.Port}");
        refused.Message.ShouldContain("user 'someone'");
        refused.Message.ShouldContain("client id 'client-1'");
        refused.Message.ShouldContain("so there");
        refused.Message.ShouldContain(wayOut);
        refused.Message.ShouldNotContain("p@ss");
        (await Should.ThrowAsync<MqttRefusedException>(async () => await waiting)).ShouldBe(refused);
        await Should.ThrowAsync<MqttRefusedException>(async () => await session.Client.WaitToPublishAsync(Cancel));
    }

    [Fact]
    public async Task A_refusal_that_may_pass_is_tried_again()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { Reason = MqttReasonCode.ServerBusy });
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("disconnected 0 ServerBusy");
        await broker.AcceptAndWelcomeAsync(Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("connected 1");
    }

    [Fact]
    public async Task A_broker_that_takes_over_the_session_ends_the_client()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Disconnect(MqttReasonCode.SessionTakenOver), Cancel);
        var refused = await Should.ThrowAsync<MqttRefusedException>(session.Run);
        refused.Reason.ShouldBe(MqttReasonCode.SessionTakenOver);
        refused.Message.ShouldContain("give each process its own");
    }

    [Fact]
    public async Task Running_twice_is_refused_and_disposing_twice_is_not()
    {
        await using var broker = new ScriptedBroker();
        var session = new ClientSession(broker.Options);
        await Should.ThrowAsync<InvalidOperationException>(() => session.Client.RunAsync(Cancel));
        await session.Client.DisposeAsync();
        await session.Client.DisposeAsync();
        await session.Run;
        await Should.ThrowAsync<MqttSessionLostException>(async () => await session.Client.WaitToPublishAsync(Cancel));
        session.TryPublish("t", 1).ShouldBeFalse();
        await session.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_never_ran_can_be_disposed()
    {
        await using var broker = new ScriptedBroker();
        var client = new MqttClient(broker.Options, new RecordingHandler(), null);
        var waiting = client.WaitToPublishAsync(Cancel);
        await client.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(async () => await waiting);
        await Should.ThrowAsync<ObjectDisposedException>(() => client.RunAsync(Cancel));
    }

    [Fact]
    public void An_option_that_cannot_be_used_is_named_with_its_value()
    {
        var good = new MqttClientOptions { Broker = new Uri("mqtt://h"), ClientId = "x" };
        Complaint(good with { PublishWindow = 0 }).ShouldContain("PublishWindow is '0'");
        Complaint(good with { KeepAlive = TimeSpan.FromDays(1) }).ShouldContain("KeepAlive is '1.00:00:00'");
        Complaint(good with { MaximumPacketSize = 1 }).ShouldContain("MaximumPacketSize is '1'");
        Complaint(good with { Subscriptions = [new MqttSubscription("a/#/b")] }).ShouldContain("'a/#/b'");

        static string Complaint(MqttClientOptions options) =>
            Should.Throw<ArgumentException>(() => new MqttClient(options, new RecordingHandler(), null)).Message;
    }

    [Fact]
    public void Options_do_not_show_the_password()
    {
        var options = new MqttClientOptions { Broker = new Uri("mqtt://me:from-uri@h:1884"), ClientId = "x", Password = "beside-it" };
        options.ToString().ShouldBe("MqttClientOptions { Broker = h:1884, ClientId = x }");
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
