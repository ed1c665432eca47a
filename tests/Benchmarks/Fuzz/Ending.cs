using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz;

/// <summary>How one case ended.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Reason">Reason code of a refusal or a time-out.</param>
internal readonly record struct Ending(EndingKind Kind, MqttReasonCode Reason = MqttReasonCode.Success)
{
    /// <summary>All packets were taken.</summary>
    public static Ending Accepted { get; } = new(EndingKind.Accepted);

    /// <summary>What was whole was taken; the rest is the beginning of a packet, which never came.</summary>
    public static Ending Incomplete { get; } = new(EndingKind.Incomplete);

    /// <summary>As a column of the report.</summary>
    public override string ToString() => Kind switch
    {
        EndingKind.Refused => $"0x{(byte)Reason:X2} {Reason}",
        EndingKind.TimedOut => $"time-out (0x{(byte)Reason:X2})",
        EndingKind.Broken => $"broken off (0x{(byte)Reason:X2})",
        EndingKind.Disconnected => $"told 0x{(byte)Reason:X2}",
        _ => Kind.ToString().ToLowerInvariant(),
    };
}

/// <summary>In which way a case can end.</summary>
internal enum EndingKind
{
    /// <summary>All packets were taken.</summary>
    Accepted,

    /// <summary>The end is missing: waited for, then given up with the connection.</summary>
    Incomplete,

    /// <summary>Refused with a reason code.</summary>
    Refused,

    /// <summary>The peer said that it ends, with a reason code of its own.</summary>
    Disconnected,

    /// <summary>The socket was closed or reset, or never opened.</summary>
    Broken,

    /// <summary>Waiting ended by a time-out.</summary>
    TimedOut,

    /// <summary>An exception that hostile input must not be able to cause, or an ending that is wrong for the case.</summary>
    Defect,
}
