using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>A Mosquitto with a listener for each way to it, and the certificates that go with them.</summary>
internal sealed class SecureBroker : IAsyncDisposable
{
    private SecureBroker()
    {
    }

    public MosquittoServer Server { get; private set; } = null!;

    /// <summary>Issued the broker's certificates, and issues those of clients.</summary>
    public TestAuthority Authority { get; } = new("Tally Test CA");

    /// <summary>Trusts this broker.</summary>
    public MqttTls Trust => new() { CaFile = Authority.CaFile };

    /// <summary>Port whose certificate is for localhost and 127.0.0.1.</summary>
    public int Tls { get; } = FreePort.Any();

    /// <summary>Port whose certificate is for another host.</summary>
    public int OtherName { get; } = FreePort.Any();

    /// <summary>Port whose certificate has expired.</summary>
    public int Expired { get; } = FreePort.Any();

    /// <summary>Port that wants a client certificate.</summary>
    public int Mutual { get; } = FreePort.Any();

    /// <summary>Port for WebSocket.</summary>
    public int WebSocket { get; } = FreePort.Any();

    /// <summary>Port for WebSocket over TLS.</summary>
    public int SecureWebSocket { get; } = FreePort.Any();

    /// <summary>The port, with its right certificate, for <c>mqtt</c>, <c>mqtts</c>, <c>ws</c> or <c>wss</c>.</summary>
    public int PortOf(string scheme) => scheme switch
    {
        "mqtt" => Server.Port,
        "mqtts" => Tls,
        "ws" => WebSocket,
        _ => SecureWebSocket,
    };

    /// <summary>What a client needs for that scheme to trust this broker.</summary>
    public MqttTls? TrustFor(string scheme) => scheme is "mqtts" or "wss" ? Trust : null;

    public static async Task<SecureBroker> StartAsync(CancellationToken cancellationToken)
    {
        var broker = new SecureBroker();
        var server = broker.Authority.Issue("broker", "localhost", "127.0.0.1");
        var configuration = string.Join('\n', [
            Listener(broker.Tls, server),
            Listener(broker.OtherName, broker.Authority.Issue("elsewhere", "mqtt.example.com", "10.1.2.3")),
            Listener(broker.Expired, broker.Authority.Issue("expired", TimeSpan.FromDays(-1), "localhost", "127.0.0.1")),
            Listener(broker.Mutual, server), $"cafile {broker.Authority.CaFile}", "require_certificate true",
            Listener(broker.WebSocket), "protocol websockets",
            Listener(broker.SecureWebSocket, server), "protocol websockets",
        ]);
        try
        {
            broker.Server = await MosquittoServer.StartAsync(cancellationToken, MosquittoServer.ByTheBook + configuration);
            return broker;
        }
        catch
        {
            broker.Authority.Dispose();
            throw;
        }

        static string Listener(int port, (string Certificate, string Key)? files = null) => files is { } secure
            ? $"listener {port} 127.0.0.1\ncertfile {secure.Certificate}\nkeyfile {secure.Key}"
            : $"listener {port} 127.0.0.1";
    }

    /// <summary>Address of the port for a scheme.</summary>
    public Uri AddressOf(string user, string scheme) => AddressOf(user, scheme, PortOf(scheme));

    /// <summary>Address of one of its ports.</summary>
    public Uri AddressOf(string user, string scheme, int port, string host = "127.0.0.1") =>
        new UriBuilder(Server.AddressOf(user)) { Scheme = scheme, Host = host, Port = port, Path = scheme.StartsWith('w') ? "/mqtt" : "" }.Uri;

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Authority.Dispose();
    }
}
