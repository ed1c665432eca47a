namespace Tally.AppHost.Local;

/// <summary>The machine is not as it has to be; the message is the one line for the user. Exit status 3.</summary>
internal sealed class EnvironmentException(string message) : Exception(message);
