using Shouldly;
using Tally.Mqtt;
using Tally.Testing.Hostile;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Packets at the wrong time, to a whole client, with the same seed in every run.</summary>
public sealed class HostileSessionTests
{
    private const ulong Seed = 20_261_120;
    private const int Times = 5;

    private readonly HostileTheatre _theatre = new();

    public static TheoryData<string> Version5 => [.. HostileSessions.Of(MqttProtocolVersion.V500).Select(session => session.Name)];

    public static TheoryData<string> Version311 => [.. HostileSessions.Of(MqttProtocolVersion.V311).Select(session => session.Name)];

    [Theory]
    [MemberData(nameof(Version5))]
    public Task A_hostile_session_ends_with_the_right_reason_code(string name) => EndsRightAsync(name, MqttProtocolVersion.V500);

    [Theory]
    [MemberData(nameof(Version311))]
    public Task A_hostile_session_of_MQTT_3_1_1_ends_with_the_right_reason_code(string name) => EndsRightAsync(name, MqttProtocolVersion.V311);

    private async Task EndsRightAsync(string name, MqttProtocolVersion version)
    {
        var session = HostileSessions.All.Single(session => session.Name == name);
        for (ulong time = 0; time < Times; time++)
        {
            var outcome = await _theatre.PlayAsync(session, version, new Dice(Seed + time));
            if (session.Reasons.Length == 0)
            {
                outcome.Taken.ShouldBeTrue($"{name}: {outcome.Message}");
                continue;
            }

            outcome.Taken.ShouldBeFalse(name);
            session.Reasons.ShouldContain(outcome.Reason, $"{name}: {outcome.Message}");

            // Once connected, a broker that can be told hears why (4.13.1).
            if (outcome.Farewell is { } farewell) farewell.ShouldBe((int)outcome.Reason, name);
            else if (version == MqttProtocolVersion.V500) outcome.Message.ShouldContain("answers CONNECT", Case.Sensitive, name);
        }
    }
}
