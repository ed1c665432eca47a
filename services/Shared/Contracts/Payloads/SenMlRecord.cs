namespace Tally.Contracts.Payloads;

/// <summary>One resolved record of a SenML pack (RFC 8428, 4.6). Its spans are valid until the reader's next call.</summary>
public readonly ref struct SenMlRecord
{
    /// <summary>
    /// What the record measures: the last part of its resolved name (bn + n), parts being divided by <c>/</c> or <c>:</c>,
    /// after the part that names the device where that is a DEV URN (<c>urn:dev:ow:10e2073a0108006:voltage</c> is
    /// <c>voltage</c>). Empty when the name says no more than the device, or nothing: the topic says what it is.
    /// </summary>
    public ReadOnlySpan<byte> Metric { get; internal init; }

    /// <summary>The unit, u or bu; empty when there is none.</summary>
    public ReadOnlySpan<byte> Unit { get; internal init; }

    /// <summary>The value, bv + v; finite.</summary>
    public double Value { get; internal init; }

    /// <summary>The time, bt + t, in microseconds since 1970-01-01T00:00:00Z; a relative one is resolved.</summary>
    public long At { get; internal init; }
}
