using Shouldly;
using Tally.Mqtt;
using Tally.Testing.Hostile;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>A peer that closes, stops or says nothing.</summary>
public sealed class HostileSocketTests
{
    // The time is the fault here. A loaded machine may take most of it for the steps that are to succeed before.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(800);

    public static TheoryData<string> All => [.. HostileSockets.All.Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_hostile_socket_ends_the_connection_with_its_reason_or_by_time(string name)
    {
        var fault = HostileSockets.All.Single(fault => fault.Name == name);
        var outcome = await new HostileTheatre().PlayAsync(fault, new Dice(1), Patience);
        outcome.Message.ShouldContain(fault.Message);
        outcome.Reason.ShouldBe(fault.Reason, outcome.Message);
    }

    [Fact]
    public async Task A_refused_connection_is_told()
    {
        var outcome = await HostileTheatre.PlayRefusalAsync();
        outcome.Reason.ShouldBe(MqttReasonCode.ServerUnavailable);
        outcome.Message.ShouldContain("cannot be reached");
    }
}
