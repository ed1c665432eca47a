using Microsoft.Extensions.DependencyInjection;

namespace Tally.AppHost;

/// <summary>The simulator's runs, started from the dashboard.</summary>
internal static class PublishCommands
{
    public static IResourceBuilder<ExecutableResource> WithRuns(this IResourceBuilder<ExecutableResource> simulator, RunOptions options)
    {
        long next = options.Messages; // written by a command, read when the simulator starts after it
        simulator.WithArgs(context =>
        {
            foreach (var argument in options.SimulatorArguments(Interlocked.Read(ref next))) context.Args.Add(argument);
        });
        foreach (var (messages, title) in ((long, string)[])[(1_000_000, "Publish 1,000,000"), (10_000, "Publish 10,000")])
        {
            simulator.WithCommand(
                $"publish-{messages}",
                title,
                async context =>
                {
                    Interlocked.Exchange(ref next, messages);
                    return await context.Services.GetRequiredService<ResourceCommandService>()
                        .ExecuteCommandAsync(context.ResourceName, KnownResourceCommands.StartCommand, context.CancellationToken);
                },
                new CommandOptions
                {
                    Description = "Publishes that many readings, waits for their acknowledgements and prints the ledger to the console log.",
                    IconName = "Send",
                    IsHighlighted = true,
                    UpdateState = context => context.ResourceSnapshot.State?.Text is { } state && state != KnownResourceStates.NotStarted && !KnownResourceStates.TerminalStates.Contains(state)
                        ? ResourceCommandState.Disabled : ResourceCommandState.Enabled,
                });
        }

        return simulator;
    }
}
