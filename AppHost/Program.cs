using Tally.AppHost;
using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;

Signals.TakeInterrupts();

var line = CommandLine.Parse(args, Console.Error);
if (line.Options is not { } options) return line.Status;

using var interruption = new Interruption();
try
{
    var screen = Screen.OfConsole();
    if (options.Report is { } report) RunReport.Prepare(report);
    var containers = await InfrastructureChoice.UsesContainersAsync(options.Infra, screen, interruption.First);
    using var data = await DataDirectory.OpenAsync(options, screen, interruption.First);
    await using var application = await TallyModel.BuildAsync(options with { Containers = containers }, data, screen, interruption.First);
    return await new Session(application, options, data, screen, interruption).RunAsync();
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
