using System.Collections.Concurrent;
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

    [Fact]
    public async Task A_session_that_ends_leaves_no_exception_that_nobody_looks_at()
    {
        var unobserved = new ConcurrentQueue<string>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs unseen) => unobserved.Enqueue(unseen.Exception.ToString());
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            foreach (var name in (string[])["never answers SUBSCRIBE", "resets while the client publishes", "never sends CONNACK"])
                await new HostileTheatre().PlayAsync(HostileSockets.All.Single(fault => fault.Name == name), new Dice(1), Patience);

            // Their tasks' finalizers tell.
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        unobserved.ShouldNotContain(exception => exception.Contains(HostileClient.Id, StringComparison.Ordinal));
    }
}
