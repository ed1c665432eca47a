using Tally.AppHost;
using Tally.AppHost.Local;

// One place decides how the resources are started; the local mode is the one there is so far, with and without --local.
var line = CommandLine.Parse(args, Console.Error);
return line.Options is { } options ? await LocalMode.RunAsync(options) : line.Status;
