using Shouldly;
using Tally.Testing.Hostile;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Packets at the wrong time, to a whole client, with the same seed in every run.</summary>
public sealed class HostileSessionTests
{
    private const ulong Seed = 20_261_120;
    private const int Times = 8;

    private readonly HostileTheatre _theatre = new();

    public static TheoryData<string> Version5 => [.. HostileSessions.Version5.Select(session => session.Name)];

    [Theory]
    [MemberData(nameof(Version5))]
    public async Task A_hostile_session_ends_with_the_right_reason_code(string name)
    {
        var session = HostileSessions.Version5.Single(session => session.Name == name);
        for (ulong time = 0; time < Times; time++)
        {
            var outcome = await _theatre.PlayAsync(session, new Dice(Seed + time));
            if (session.Reasons.Length == 0)
            {
                outcome.Taken.ShouldBeTrue($"{name}: {outcome.Message}");
                continue;
            }

            session.Reasons.ShouldContain(outcome.Reason, $"{name}: {outcome.Message}");

            // Once connected, the broker hears why (4.13.1).
            if (outcome.Farewell is { } farewell) farewell.ShouldBe((int)outcome.Reason, name);
            else outcome.Message.ShouldContain("answers CONNECT", Case.Sensitive, name);
        }
    }
}
