namespace Tally.SensorSimulator.Commands;

/// <summary>Exit statuses.</summary>
internal static class ExitStatus
{
    /// <summary>The ledger balances; or a watch came to its end.</summary>
    public const int Balanced = 0;

    /// <summary>The ledger does not balance.</summary>
    public const int NotBalanced = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Broker, API, disk: something around the run is missing or refuses.</summary>
    public const int Environment = 3;

    /// <summary>Interrupted by Ctrl-C or SIGTERM, with what was outstanding.</summary>
    public const int Interrupted = 130;
}
