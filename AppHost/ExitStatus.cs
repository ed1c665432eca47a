namespace Tally.AppHost;

/// <summary>What the exit status says beside the run's own (0 balanced, 1 not balanced).</summary>
internal static class ExitStatus
{
    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>The machine is not as it has to be: broker, database, port, disk.</summary>
    public const int Environment = 3;

    /// <summary>Ctrl-C or SIGTERM before the run was over.</summary>
    public const int Interrupted = 130;

    /// <summary>How an exit status reads: <c>status 3</c>, <c>signal 9</c>. The orchestrator gives -1 for every signal.</summary>
    public static string Describe(int status) => status switch
    {
        > 128 => $"signal {status - 128}",
        < 0 => "a signal",
        _ => $"status {status}",
    };
}

/// <summary>Broker, database, port or disk are not as they have to be. The message is the one line that the user sees; the exit status is <see cref="ExitStatus.Environment"/>.</summary>
internal sealed class EnvironmentException(string message) : Exception(message);
