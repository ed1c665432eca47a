using Tally.AppHost;
using Tally.AppHost.Local;
using Tally.MqttNetClient;

var line = CommandLine.Parse(args, Console.Error);
if (line.Options is not { } options) return line.Status;

// What the services would all end with is said once, before anything is started.
if (MqttClientChoice.WhyNot(options.Client, "--client") is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return CommandLine.Usage;
}

// One place decides how the resources are started; the local mode is the one there is so far, with and without --local.
return await LocalMode.RunAsync(options);
