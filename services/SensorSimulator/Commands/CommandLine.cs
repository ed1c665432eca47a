using System.CommandLine;
using Tally.ServiceDefaults;

namespace Tally.SensorSimulator.Commands;

/// <summary>The command line: <c>run</c>, which is also what happens without a verb, and <c>watch</c>.</summary>
internal static class CommandLine
{
    /// <summary>Does what the arguments say.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = new RootCommand("Publishes the readings of simulated sensors over MQTT, waits for their acknowledgements and prints the ledger.");
        root.Subcommands.Add(new RunCommand().AddTo(new Command("run", "Publish a run and print its ledger (this is also what happens without a verb).")));
        root.Subcommands.Add(new WatchCommand().AddTo(new Command("watch", "Print what arrives at a topic filter, and count it.")));
        root.Subcommands.Add(Health());

        if (args is [] || (args[0].StartsWith('-') && args[0] is not ("--help" or "-h" or "-?" or "--version"))) args = ["run", .. args];
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            // One line: the first mistake; those that follow are often only its consequences.
            await Console.Error.WriteLineAsync($"{parsed.Errors[0].Message.TrimEnd('.')}. See --help.");
            return ExitStatus.Usage;
        }

        // Signals are handled by StopSignals: the library's own way ends the process before it has said what is outstanding.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>
    /// All services have one Dockerfile and so one health check. A simulator listens nowhere and its state is its progress: while it runs it is
    /// well, and how the run went is its exit status.
    /// </summary>
    private static Command Health()
    {
        var health = new Command(HealthVerb.Name, "Say yes to a container engine that asks whether the simulator runs.") { Hidden = true };
        health.SetAction(_ => ExitStatus.Balanced);
        return health;
    }
}
