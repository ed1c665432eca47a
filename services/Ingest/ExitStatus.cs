namespace Tally.Ingest;

/// <summary>What the process says to whoever started it.</summary>
internal sealed class ExitStatus
{
    /// <summary>Done, or stopped as asked.</summary>
    public const int Done = 0;

    /// <summary>Something of what was to be read is rejected.</summary>
    public const int Rejected = 1;

    /// <summary>The command line or an option is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The environment is wrong in a way that waiting does not mend.</summary>
    public const int Environment = 3;

    /// <summary>0 unless something went wrong.</summary>
    public int Code { get; set; }
}
