using System.Net;
using System.Net.Sockets;
using Shouldly;
using Tally.AppHost.Local;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class LocalPortTests : IDisposable
{
    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    [Fact]
    public void A_port_that_is_taken_is_said_and_another_one_chosen()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        var port = new LocalPort("the broker", taken, new Screen(_written, isTerminal: false));

        port.Choose(first: true);

        port.Number.ShouldNotBe(taken);
        _written.ToString().ShouldBe($"Port {taken} is taken, so the broker is on {port.Number}.\n");
    }

    [Fact]
    public void A_port_once_told_stays_whoever_has_it_now()
    {
        var port = new LocalPort("ingest", null, new Screen(_written, isTerminal: false));
        port.Choose(first: true);
        var chosen = port.Number;
        using var other = new TcpListener(IPAddress.Loopback, chosen);
        other.Start();

        port.Choose(first: false);

        port.Number.ShouldBe(chosen);
        _written.ToString().ShouldBeEmpty();
    }
}
