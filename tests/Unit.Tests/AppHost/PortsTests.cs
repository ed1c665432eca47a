using System.Net;
using System.Net.Sockets;
using Shouldly;
using Tally.AppHost.Running;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class PortsTests : IDisposable
{
    private readonly string _directory = TestDirectory.Make("ports");
    private readonly StringWriter _written = new();

    private Ports Remembered => new(Path.Combine(_directory, "ports.json"), new Screen(_written, columns: null));

    public void Dispose()
    {
        _written.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_port_that_is_taken_is_said_and_the_next_free_one_is_chosen_and_kept_over_starts()
    {
        var preferred = FreePort.Any();
        using (var other = Take(preferred))
        {
            var chosen = Remembered.Choose("the broker", preferred);
            chosen.ShouldBeGreaterThan(preferred);
            for (var port = preferred + 1; port < chosen; port++) Ports.IsFree(port).ShouldBeFalse();
            _written.ToString().ShouldBe($"Port {preferred} is taken, so the broker is on {chosen}.\n");
            Remembered.Choose("the broker", preferred).ShouldBe(chosen);
        }

        Remembered.Choose("the broker", preferred).ShouldNotBe(preferred); // people have set up their clients
    }

    [Fact]
    public void Two_that_prefer_the_same_port_get_two_and_another_preference_begins_anew()
    {
        var preferred = FreePort.Any();
        var ports = Remembered;
        ports.Choose("ingest", preferred).ShouldNotBe(ports.Choose("ackresponder", preferred));
        var other = FreePort.Any();
        ports.Choose("ingest", other).ShouldBe(other);
    }

    private static TcpListener Take(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }
}
