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
if (choice.Mode == LaunchMode.Automatic) await Console.Error.WriteLineAsync(choice.Reason);
else if (!isPublishing) await Console.Out.WriteLineAsync(choice.Reason);
return choice.Mode switch
{
    LaunchMode.Local => await LocalMode.RunAsync(options),
    LaunchMode.Aspire => await AspireMode.RunAsync(options, isPublishing ? args : []),
    _ => choice.Status,
};
