namespace Tally.SensorSimulator.Runs;

/// <summary>The run cannot go on because of what is around it: broker, API, disk. Its message is one line for a person.</summary>
internal sealed class RunEnvironmentException(string message, Exception? inner = null) : Exception(message, inner);
