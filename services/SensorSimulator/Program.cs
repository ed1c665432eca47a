using Tally.SensorSimulator.Commands;

return await CommandLine.InvokeAsync(args);
