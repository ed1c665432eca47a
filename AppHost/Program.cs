using Tally.AppHost;
using Tally.AppHost.Aspire;
using Tally.AppHost.Local;
using Tally.AppHost.Local.Processes;
using Tally.MqttNetClient;

Signals.TakeInterrupts();

// The aspire command has options of its own; those of ours that stand among them count too.
var isPublishing = AspireCli.IsPublishing(args);
var line = CommandLine.Parse(args, Console.Error, takesOthers: isPublishing);
if (line.Options is not { } options) return line.Status;
if (isPublishing || AspireCli.IsWaiting) options = options with { Mode = LaunchMode.Aspire };

// What the services would all end with is said once, before anything is started.
if (MqttClientChoice.WhyNot(options.Client, "--client") is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return CommandLine.Usage;
}

var choice = await LaunchChoice.MakeAsync(options, AspireMode.WhyNotBuilt, AspireMode.WhyNotHereAsync);
switch (choice.Mode)
{
    case LaunchMode.Local:
        return await LocalMode.RunAsync(options, choice.Reason);
    case LaunchMode.Aspire:
        if (!isPublishing) await Console.Out.WriteLineAsync(choice.Reason);
        return await AspireMode.RunAsync(options, isPublishing ? args : []);
    default:
        await Console.Error.WriteLineAsync(choice.Reason);
        return choice.Status;
}
