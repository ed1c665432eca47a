namespace Tally.Storage;

/// <summary>Gives the one object of each series and run. Placeholder for the storage author.</summary>
public sealed class Catalog
{
    /// <summary>The series of that device and metric; its unit is the one first given. Allocates only when it is new.</summary>
    public Series GetSeries(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit) => throw new NotSupportedException();

    /// <summary>The run of that name. Allocates only when it is new.</summary>
    public Run GetRun(ReadOnlySpan<byte> name) => throw new NotSupportedException();

    /// <summary>The run of readings without run and seq.</summary>
    public Run Foreign { get; } = new("0"u8.ToArray(), 0);
}
