using MQTTnet.Protocol;
using MQTTnet.Server;
using Tally.AppHost.Infrastructure;

namespace Tally.Testing;

/// <summary>MQTTnet's server in this process: a second make of broker, MQTT 5 and 3.1.1. It keeps sessions and nothing on disk.</summary>
public sealed class MqttNetServer : ITestBroker
{
    private readonly MqttServer _server;

    private MqttNetServer(MqttServer server, int port) => (_server, Port) = (server, port);

    /// <inheritdoc/>
    public int Port { get; }

    /// <summary>Starts one.</summary>
    public static async Task<MqttNetServer> StartAsync()
    {
        var port = FreePort.Any();
        var server = new MqttServerFactory().CreateMqttServer(new MqttServerOptionsBuilder()
            .WithDefaultEndpoint().WithDefaultEndpointBoundIPAddress(System.Net.IPAddress.Loopback).WithDefaultEndpointBoundIPV6Address(System.Net.IPAddress.None)
            .WithDefaultEndpointPort(port).WithPersistentSessions().WithMaxPendingMessagesPerClient(100_000).Build());
        server.ValidatingConnectionAsync += connection =>
        {
            if (!Broker.Users.Contains(connection.UserName) || connection.Password != PasswordOf(connection.UserName)) connection.ReasonCode = MqttConnectReasonCode.BadUserNameOrPassword;
            return Task.CompletedTask;
        };
        server.InterceptingPublishAsync += message =>
        {
            message.ProcessPublish = message.ApplicationMessage.Topic.StartsWith("contract/", StringComparison.Ordinal); // as the access list of the other one
            if (!message.ProcessPublish) message.Response.ReasonCode = MqttPubAckReasonCode.NotAuthorized;
            return Task.CompletedTask;
        };
        await server.StartAsync();
        return new MqttNetServer(server, port);
    }

    /// <inheritdoc/>
    public Uri AddressOf(string user) => new($"mqtt://{user}:{PasswordOf(user)}@127.0.0.1:{Port}");

    /// <summary>Stops it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync();
        _server.Dispose();
    }

    private static string PasswordOf(string user) => $"{user}-password";
}
