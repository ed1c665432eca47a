using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>What every client of Tally promises on each way to a broker.</summary>
public abstract class SecureContract(SecureBrokerFixture fixture, IMqttClientFactory clients) : IAsyncLifetime
{
    private readonly List<Party> _parties = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SecureBroker Broker => fixture.Broker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var party in _parties) await party.DisposeAsync();
    }

    [Theory]
    [InlineData("mqtts")]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task Messages_arrive_in_order(string scheme)
    {
        var topic = $"telemetry/{Guid.NewGuid():N}/m";
        var subscriber = await Join("ingest", scheme, Broker.Trust, new MqttSubscription(topic)).ReadyAsync();
        var publisher = await Join("simulator", scheme, Broker.Trust).ReadyAsync();
        for (var token = 0; token < 100; token++) await publisher.SendAsync(topic, token, MqttQos.AtLeastOnce, Cancel);
        await publisher.UntilPublishedAsync(100);
        await subscriber.UntilReceivedAsync(100);
        subscriber.Payloads.ShouldBe(Enumerable.Range(0, 100).Select(token => $"{token}"));
    }

    [Theory]
    [InlineData("mqtts")]
    [InlineData("wss")]
    public async Task A_broker_that_is_not_trusted_is_not_spoken_to(string scheme)
    {
        using var others = new TestAuthority("Others");
        var party = Join("simulator", scheme, new MqttTls { CaFile = others.CaFile });
        await party.UntilAsync(() => !party.Disconnections.IsEmpty, "the failure to be told");
        party.Disconnections.First().Message.ShouldContain("which is not in Tls.CaFile");
        party.Client.Epoch.ShouldBe(0);
    }

    [Fact]
    public async Task A_broker_with_the_certificate_of_another_host_is_not_spoken_to()
    {
        var party = Join("simulator", "mqtts", Broker.Trust, Broker.OtherName);
        await party.UntilAsync(() => !party.Disconnections.IsEmpty, "the failure to be told");
        party.Disconnections.First().Message.ShouldContain("is for mqtt.example.com");

        // Unless it is the one that is meant.
        await Join("simulator", "mqtts", Broker.Trust with { ServerName = "mqtt.example.com" }, Broker.OtherName).ReadyAsync();
    }

    [Fact]
    public async Task A_client_shows_its_certificate_where_one_is_wanted()
    {
        var (certificate, key) = Broker.Authority.Issue($"client-{Guid.NewGuid():N}");
        await Join("simulator", "mqtts", Broker.Trust with { CertificateFile = certificate, KeyFile = key }, Broker.Mutual).ReadyAsync();
    }

    private Party Join(string user, string scheme, MqttTls tls, params MqttSubscription[] subscriptions) => Join(user, scheme, tls, Broker.PortOf(scheme), subscriptions);

    private Party Join(string user, string scheme, MqttTls tls, int port, params MqttSubscription[] subscriptions)
    {
        var party = new Party(clients, new MqttClientOptions
        {
            Broker = Broker.AddressOf(user, scheme, port),
            ClientId = $"{Guid.NewGuid():N}",
            Tls = scheme == "ws" ? null : tls,
            Subscriptions = subscriptions,
        });
        _parties.Add(party);
        return party;
    }
}
