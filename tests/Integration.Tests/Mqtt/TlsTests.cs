using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>One broker for all: each test has clients and topics of its own.</summary>
public sealed class SecureBrokerFixture : IAsyncLifetime
{
    internal SecureBroker Broker { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Broker = await SecureBroker.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Broker.DisposeAsync();
}

public sealed class TlsTests(SecureBrokerFixture fixture) : IClassFixture<SecureBrokerFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SecureBroker Broker => fixture.Broker;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_stream_through_TLS_arrives_complete_and_in_order(string host) =>
        await Traffic.StreamAsync(
            Broker.AddressOf("simulator", "mqtts", Broker.Tls, host), Broker.AddressOf("ingest", "mqtts", Broker.Tls, host), Broker.Trust, $"telemetry/{host}/m", Cancel);

    [Fact]
    public async Task Connections_over_TLS_that_are_cut_lose_nothing()
    {
        await using var proxy = new CuttableProxy(Broker.Tls);
        await Traffic.StreamThroughCutsAsync(
            proxy, Broker.AddressOf("simulator", "mqtts", proxy.Port), Broker.AddressOf("ingest", "mqtts", proxy.Port), Broker.Trust, "telemetry/cut/m", Cancel);
    }

    [Fact]
    public async Task A_client_with_its_certificate_is_let_in_where_one_is_wanted()
    {
        var (certificate, key) = Broker.Authority.Issue("device-1");
        await using var client = Client("simulator", Broker.Mutual, Broker.Trust with { CertificateFile = certificate, KeyFile = key });
        await client.UntilReadyAsync();
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_told_that_one_is_wanted()
    {
        await using var client = Client("simulator", Broker.Mutual, Broker.Trust);
        var end = await FirstFailureAsync(client);
        end.Reason.ShouldBe(MqttReasonCode.NotAuthorized);
        end.Message.ShouldContain($"Broker mqtts://127.0.0.1:{Broker.Mutual} cannot be used: it wants a client certificate, and none is set: set Tls.CertificateFile and Tls.KeyFile");
    }

    [Fact]
    public async Task A_client_certificate_of_a_stranger_is_refused_with_its_name()
    {
        using var strangers = new TestAuthority("Strangers");
        var (certificate, key) = strangers.Issue("stranger");
        await using var client = Client("simulator", Broker.Mutual, Broker.Trust with { CertificateFile = certificate, KeyFile = key });
        var end = await FirstFailureAsync(client);
        end.Message.ShouldContain("CN=stranger");
        end.Reason.ShouldBe(MqttReasonCode.NotAuthorized);
    }

    [Fact]
    public async Task A_certificate_that_the_system_does_not_trust_is_said_with_its_issuer_and_what_to_set()
    {
        await using var client = Client("simulator", Broker.Tls, tls: null);
        (await FirstFailureAsync(client)).Message.ShouldBe(
            $"Broker mqtts://127.0.0.1:{Broker.Tls} cannot be used: its certificate 'CN=broker' was issued by 'CN=Tally Test CA', which this system does not trust: " +
            "set Tls.CaFile to the PEM file of that authority's root certificate.");
    }

    [Fact]
    public async Task A_certificate_of_another_authority_than_the_one_trusted_is_said_with_both()
    {
        using var strangers = new TestAuthority("Strangers");
        await using var client = Client("simulator", Broker.Tls, new MqttTls { CaFile = strangers.CaFile });
        (await FirstFailureAsync(client)).Message.ShouldContain(
            $"its certificate 'CN=broker' was issued by 'CN=Tally Test CA', which is not in Tls.CaFile '{strangers.CaFile}'");
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_said_with_both_names_and_ServerName_is_the_way_out()
    {
        await using var client = Client("simulator", Broker.OtherName, Broker.Trust);
        (await FirstFailureAsync(client)).Message.ShouldContain(
            "its certificate 'CN=elsewhere' is for mqtt.example.com, 10.1.2.3 and not for '127.0.0.1': connect to a name that it is for, or set Tls.ServerName");

        await using var named = Client("simulator", Broker.OtherName, Broker.Trust with { ServerName = "mqtt.example.com" });
        await named.UntilReadyAsync();
    }

    [Fact]
    public async Task An_expired_certificate_is_said_with_its_date()
    {
        await using var client = Client("simulator", Broker.Expired, Broker.Trust);
        var message = (await FirstFailureAsync(client)).Message;
        message.ShouldContain("its certificate 'CN=expired', or one that it was issued with, is only valid from ");
        message.ShouldContain("renew it at the broker, or set this machine's clock right");
        message.ShouldNotContain("trust");
    }

    [Fact]
    public async Task TLS_on_a_port_without_it_and_the_other_way_round_say_which_scheme_to_write()
    {
        await using var secure = Client("simulator", Broker.Server.Port, Broker.Trust);
        var message = (await FirstFailureAsync(secure)).Message;
        message.ShouldContain($"is {Broker.Server.Port} a port for TLS? Else write mqtt:// if it is one without");

        await using var plain = new Endpoint(Endpoint.Options(Broker.AddressOf("simulator", "mqtt", Broker.Tls), $"plain-{Guid.NewGuid()}"));
        (await FirstFailureAsync(plain)).Message.ShouldContain("write mqtts://");
    }

    [Fact]
    public async Task Failures_of_TLS_end_no_client_and_are_told_once_until_files_are_put_right()
    {
        using var strangers = new TestAuthority("Strangers");
        var trusted = Broker.Authority.FileOf("changes.pem");
        File.Copy(strangers.CaFile, trusted);
        await using var client = Client("simulator", Broker.Tls, new MqttTls { CaFile = trusted });
        await FirstFailureAsync(client);

        // While it is being exchanged it may be missing, too.
        File.Delete(trusted);
        await Eventually.UntilAsync(() => client.Disconnections.Count == 2, "the missing file to be told");
        client.Disconnections.Last().Message.ShouldContain($"Tls.CaFile is '{trusted}', which cannot be used");
        File.Copy(Broker.Authority.CaFile, trusted);
        await client.UntilReadyAsync();
        client.Disconnections.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_client_certificate_is_read_again_at_each_connection()
    {
        var (certificate, key) = Broker.Authority.Issue("rotated");
        await using var proxy = new CuttableProxy(Broker.Mutual);
        await using var client = Client("simulator", proxy.Port, Broker.Trust with { CertificateFile = certificate, KeyFile = key });
        await client.UntilReadyAsync();

        using var strangers = new TestAuthority("Strangers");
        var (other, otherKey) = strangers.Issue("exchanged");
        File.Copy(other, certificate, overwrite: true);
        File.Copy(otherKey, key, overwrite: true);
        proxy.Cut();
        await Eventually.UntilAsync(() => client.Disconnections.Any(end => end.Message.Contains("CN=exchanged")), "the new certificate to be used");

        Broker.Authority.Issue("rotated");
        await client.UntilReadyAsync(epoch: 2);
    }

    private Endpoint Client(string user, int port, MqttTls? tls) =>
        new(Endpoint.Options(Broker.AddressOf(user, "mqtts", port), $"tls-{Guid.NewGuid()}") with { Tls = tls });

    private static async Task<MqttDisconnected> FirstFailureAsync(Endpoint client)
    {
        await Eventually.UntilAsync(() => !client.Disconnections.IsEmpty, "the failure to be told");
        client.Run.IsCompleted.ShouldBeFalse("it is tried again");
        return client.Disconnections.First();
    }
}
