using Microsoft.Extensions.DependencyInjection;

namespace Tally.AppHost.Commands;

/// <summary>The simulator's runs, started from the dashboard.</summary>
internal static class PublishCommands
{
    /// <summary>Gives the simulator the options of our command line, and a command for each usual number of readings.</summary>
    public static IResourceBuilder<ExecutableResource> WithRuns(this IResourceBuilder<ExecutableResource> simulator, RunOptions options)
    {
        var next = new NextRun { Messages = options.Messages };
        return simulator
            .WithArgs(context =>
            {
                foreach (var argument in options.SimulatorArguments(next.Messages)) context.Args.Add(argument); // asked at each start
            })
            .WithPublishCommand(next, 1_000_000, "Publish 1,000,000")
            .WithPublishCommand(next, 10_000, "Publish 10,000");
    }

    private static IResourceBuilder<ExecutableResource> WithPublishCommand(this IResourceBuilder<ExecutableResource> simulator, NextRun next, long messages, string title) =>
        simulator.WithCommand(
            $"publish-{messages}",
            title,
            async context =>
            {
                next.Messages = messages;
                return await context.Services.GetRequiredService<ResourceCommandService>()
                    .ExecuteCommandAsync(context.ResourceName, KnownResourceCommands.StartCommand, context.CancellationToken);
            },
            new CommandOptions
            {
                Description = "Publishes that many readings, waits for their acknowledgements and prints the ledger to the console log.",
                IconName = "Send",
                IsHighlighted = true,
                UpdateState = context => IsIdle(context.ResourceSnapshot.State?.Text) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            });

    private static bool IsIdle(string? state) => state is null || state == KnownResourceStates.NotStarted || KnownResourceStates.TerminalStates.Contains(state);

    // Written by a command, read when the simulator starts after it.
    private sealed class NextRun
    {
        private long _messages;

        public long Messages
        {
            get => Interlocked.Read(ref _messages);
            set => Interlocked.Exchange(ref _messages, value);
        }
    }
}
