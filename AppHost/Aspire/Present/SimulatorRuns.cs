using Microsoft.Extensions.DependencyInjection;

namespace Tally.AppHost.Aspire;

/// <summary>The simulator's runs, started from the dashboard.</summary>
internal static class SimulatorRuns
{
    /// <summary>Gives the simulator the options of our command line, and a command for each usual number of readings.</summary>
    public static IResourceBuilder<ProjectResource> WithRuns(this IResourceBuilder<ProjectResource> simulator, RunOptions options)
    {
        var next = new NextRun(options.Messages);
        return simulator
            .WithArgs(context => AddArguments(context.Args, options, next.Messages)) // asked at each start
            .WithPublishCommand(next, 1_000_000, "Publish 1,000,000")
            .WithPublishCommand(next, 10_000, "Publish 10,000");
    }

    private static IResourceBuilder<ProjectResource> WithPublishCommand(this IResourceBuilder<ProjectResource> simulator, NextRun next, long messages, string title) =>
        simulator.WithCommand(
            $"publish-{messages}",
            title,
            async context =>
            {
                next.Messages = messages;
                var commands = context.Services.GetRequiredService<ResourceCommandService>();
                return await commands.ExecuteCommandAsync(context.ResourceName, KnownResourceCommands.StartCommand, context.CancellationToken);
            },
            new CommandOptions
            {
                Description = "Publishes that many readings, waits for their acknowledgements and prints the ledger to the console log.",
                IconName = "Send",
                IsHighlighted = true,
                UpdateState = context => IsIdle(context.ResourceSnapshot.State?.Text) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            });

    private static void AddArguments(IList<object> arguments, RunOptions options, long messages)
    {
        foreach (var argument in (string[])
                 [
                     "run", "--messages", $"{messages}", "--devices", $"{options.Devices}", "--rate", $"{options.Rate}", "--qos", $"{options.Qos}",
                     "--source", options.Source, "--stall-timeout", $"{options.StallTimeout.TotalSeconds}",
                 ])
        {
            arguments.Add(argument);
        }
    }

    private static bool IsIdle(string? state) => state is null || state == KnownResourceStates.NotStarted || KnownResourceStates.TerminalStates.Contains(state);

    // Written by a command, read when the simulator starts after it.
    private sealed class NextRun(long messages)
    {
        private long _messages = messages;

        public long Messages
        {
            get => Interlocked.Read(ref _messages);
            set => Interlocked.Exchange(ref _messages, value);
        }
    }
}
