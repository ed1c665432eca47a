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
    if (options.Report is { } report) PrepareReport(report);
    options = options with { Containers = await ChooseContainersAsync(options.Infra, screen, interruption.First) };
    await Telemetry.SayWhoDoesNotAnswerAsync(screen);
    using var data = await DataDirectory.OpenAsync(options, screen, interruption.First);
    await using var application = TallyModel.Build(options, data);
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

// The first line of a start says which infrastructure it is, and why.
static async Task<bool> ChooseContainersAsync(string? wanted, Screen screen, CancellationToken cancellationToken)
{
    var whyNot = wanted == "local" ? "--infra local says so" : await ContainerEngine.WhyNotAsync(cancellationToken);
    if (wanted == "containers" && whyNot is not null) throw new EnvironmentException($"--infra containers is not possible: {whyNot}. Start one, or use --infra local.");
    screen.Say(whyNot is not null ? $"Broker and database are programs of this machine: {whyNot}."
        : $"Broker and database are containers: {(wanted is null ? "a container engine answers (--infra local uses the programs of this machine)" : "--infra containers says so")}.");
    return whyNot is null;
}

// Said early that it cannot be written; that of an earlier run is removed.
static void PrepareReport(string path)
{
    try
    {
        File.Create(path, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
    }
    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
    {
        throw new EnvironmentException($"--report {path} cannot be written: {error.Message}");
    }
}
