using MQTTnet.Packets;
using Shouldly;
using Tally.Ingest.Retiring;
using Tally.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class BorrowedSessionTests : IAsyncDisposable
{
    private readonly BorrowedSession _session = new(null);
    private readonly FakeClient _client = new();

    [Fact]
    public void Attempts_that_fail_before_it_stands_are_not_its_end()
    {
        _session.Start(_client);
        _session.OnDisconnected(new MqttDisconnected(0, MqttReasonCode.ServerUnavailable, "not there"));

        _session.Lost.IsCompleted.ShouldBeFalse();
        _session.Trouble.ShouldBe("not there");
    }

    [Fact]
    public async Task Once_it_stood_and_is_gone_its_client_does_not_connect_again()
    {
        _session.Start(_client);
        _session.OnConnected(new MqttConnected(1, new MqttConnAckPacket { IsSessionPresent = true }));
        _session.OnDisconnected(new MqttDisconnected(1, MqttReasonCode.UnspecifiedError, "closed"));

        (await _session.Connected).ShouldBeTrue();
        (await _session.Lost).ShouldBe("closed");
        _client.Stopped.ShouldBeTrue();
    }

    [Fact]
    public void After_leaving_its_end_is_no_loss()
    {
        _session.Start(_client);
        _session.OnConnected(new MqttConnected(1, new MqttConnAckPacket { IsSessionPresent = true }));
        _session.Leave();
        _session.OnDisconnected(new MqttDisconnected(1, MqttReasonCode.Success, "disconnected"));

        _session.Lost.IsCompleted.ShouldBeFalse();
    }

    public async ValueTask DisposeAsync()
    {
        await _session.StopAsync();
        _session.Dispose();
    }
}
