using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>Broker, database and services as processes of this machine: started, run, stopped.</summary>
internal static class LocalMode
{
    /// <summary>Does what the command line asks for.</summary>
    /// <param name="options">It.</param>
    /// <param name="reason">Why in this mode: the first line, where there is anything to start.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(RunOptions options, string reason)
    {
        using var interruption = new Interruption();
        var screen = Screen.OfConsole();
        using var said = interruption.First.Register(() => screen.Say("Stopping everything; once more, and it is killed at once."));
        try
        {
            if (options.Report is { } report) RunReport.Prepare(report);
            screen.Say(reason);
            using var data = await LocalData.OpenAsync(options.Data, options.Reset, screen, interruption.First);
            DiskSpace.Check(data.Servers, options.Messages);
            using var resources = new LocalResources(options, data, screen);
            return await new LocalRun(options, data, resources, screen, interruption).RunAsync();
        }
        catch (EnvironmentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitStatus.Environment;
        }
        catch (OperationCanceledException) when (interruption.First.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted before the run began.");
            return ExitStatus.Interrupted;
        }
        finally
        {
            await Lifeline.Shared.CloseAsync(CancellationToken.None); // ends at once: it has nothing left to stop
        }
    }
}
