using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.AppHost.Infrastructure;
using Tally.ServiceDefaults;
using Tally.Testing;
using Tally.Unit.Tests.Containers;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>Mosquitto in a container, with the files and the start script that compose.yaml gives it.</summary>
internal sealed class MosquittoContainer : IMosquitto
{
    private const string Alias = "mosquitto";
    private const ushort InnerPort = 1883;
    private const string Configuration = "/mosquitto/config/";

    private static readonly string Files = Path.Combine(Repository.Root, "services", "Broker");

    private readonly INetwork? _network;
    private IContainer _container;

    private MosquittoContainer(INetwork? network)
    {
        // A port that the engine chooses is another one after each start.
        (_network, Port) = (network, FreePort.Any());
        _container = Make();
    }

    /// <inheritdoc/>
    public int Port { get; }

    /// <summary>Starts one.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <param name="network">The network that other containers reach it on; null: none does.</param>
    public static async Task<MosquittoContainer> StartAsync(CancellationToken cancellationToken, INetwork? network = null)
    {
        var server = new MosquittoContainer(network);
        await Readiness.StartAsync(server._container, cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public Uri AddressOf(string user) => AddressOf(user, "127.0.0.1", Port);

    /// <summary>Address with user and password for containers on its network.</summary>
    public static Uri InnerAddressOf(string user) => AddressOf(user, Alias, InnerPort);

    /// <inheritdoc/>
    public Task StopAsync() => _container.StopAsync(TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public Task KillAsync() => ContainerEngine.KillAsync(_container, TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public async Task StartAgainAsync(CancellationToken cancellationToken, bool forget = false)
    {
        if (forget)
        {
            await _container.DisposeAsync(); // with its volume
            _container = Make();
        }

        await Readiness.StartAsync(_container, cancellationToken);
    }

    /// <summary>Removes it with its data.</summary>
    public ValueTask DisposeAsync() => _container.DisposeAsync();

    private static Uri AddressOf(string user, string host, int port) => new($"mqtt://{user}:{PasswordOf(user)}@{host}:{port}");

    private static string PasswordOf(string user) => $"{user}-password";

    private IContainer Make()
    {
        var builder = new ContainerBuilder(ThirdPartyImages.OfRepository()["MOSQUITTO_IMAGE"])
            .WithCreateParameterModifier(parameters =>
            {
                parameters.User = "1883:1883";
                (parameters.HostConfig ??= new HostConfig()).Tmpfs = new Dictionary<string, string> { ["/run/mosquitto"] = "uid=1883,gid=1883,mode=0700" };
            })
            .WithEntrypoint("sh", Configuration + "start.sh")
            .WithEnvironment("BROKER_USERS", string.Join(' ', Broker.Users.Select(user => $"{user}:{PasswordOf(user)}")))
            .WithResourceMapping(FileOf("container", "start.sh"), Configuration)
            .WithResourceMapping(FileOf("container", "mosquitto.conf"), Configuration)
            .WithResourceMapping(FileOf("passwords.sh"), Configuration)
            .WithResourceMapping(FileOf("tally.acl"), Configuration)
            .WithResourceMapping(FileOf("keep.sh"), Configuration)
            .WithResourceMapping(FileOf("tally.conf"), Configuration + "conf.d/")
            .WithPortBinding(Port, InnerPort)
            .WithWaitStrategy(Readiness.Until(async () =>
                await Probes.BrokerAsync(Port, "viewer", PasswordOf("viewer"), TestContext.Current.CancellationToken) is null))
            .WithLogger(NullLogger.Instance);
        if (_network is not null) builder = builder.WithNetwork(_network).WithNetworkAliases(Alias);
        return builder.Build();
    }

    private static FileInfo FileOf(params string[] path) => new(Path.Combine([Files, .. path]));
}
