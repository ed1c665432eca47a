namespace Tally.Contracts.Payloads;

/// <summary>
/// What a native payload says. Its spans look into the payload or into the reader, and are valid until the reader's next
/// call. After a failure it holds the identity, where that could be read.
/// </summary>
public ref struct NativeReading
{
    /// <summary>Name of the run; empty when the payload has no identity.</summary>
    public ReadOnlySpan<byte> Run { get; internal set; }

    /// <summary>Number in its run and series, from 1; 0 when the payload has no identity.</summary>
    public long Seq { get; internal set; }

    /// <summary>Run and seq are both there and valid.</summary>
    public readonly bool HasIdentity => Seq > 0 && !Run.IsEmpty;

    /// <summary>When it was measured, in microseconds since 1970-01-01T00:00:00Z; null when the payload does not say.</summary>
    public long? At { get; internal set; }

    /// <summary>The value; finite.</summary>
    public double Value { get; internal set; }

    /// <summary>The number as it was written, where a double does not hold it; else null.</summary>
    public string? Text { get; internal set; }

    /// <summary>The unit; empty when the payload does not say.</summary>
    public ReadOnlySpan<byte> Unit { get; internal set; }
}
