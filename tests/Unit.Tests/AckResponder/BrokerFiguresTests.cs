using System.Text;
using Shouldly;
using Tally.AckResponder.Broker;
using Xunit;

namespace Tally.Unit.Tests.AckResponder;

public sealed class BrokerFiguresTests
{
    private const string Dropped = "$SYS/broker/publish/messages/dropped";
    private const string Held = "$SYS/broker/store/messages/count";
    private const string Retained = "$SYS/broker/retained messages/count";

    private readonly BrokerFigures _figures = new();

    [Fact]
    public void What_the_broker_has_not_said_is_not_known()
    {
        _figures.Dropped.ShouldBeNull();
        _figures.Queued.ShouldBeNull();
        Say(Held, "57");
        _figures.Queued.ShouldBeNull();
    }

    [Fact]
    public void The_queue_is_what_it_holds_without_what_it_retains()
    {
        Say(Held, "57");
        Say(Retained, "52");
        _figures.Queued.ShouldBe(5);
        Say(Held, "49"); // expired, but counted a while longer (seen)
        _figures.Queued.ShouldBe(0);
    }

    [Fact]
    public void What_is_no_number_is_not_known()
    {
        Say(Dropped, "7");
        _figures.Dropped.ShouldBe(7);
        Say(Dropped, "7 messages");
        _figures.Dropped.ShouldBeNull();
    }

    [Fact]
    public void After_a_connection_nothing_is_known_any_more()
    {
        foreach (var topic in BrokerFigures.Topics) Say(topic, "1");
        _figures.Forget();
        _figures.Dropped.ShouldBeNull();
        _figures.Queued.ShouldBeNull();
    }

    private void Say(string topic, string payload) => _figures.OnMessage(Encoding.UTF8.GetBytes(topic), Encoding.UTF8.GetBytes(payload));
}
