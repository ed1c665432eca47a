namespace Tally.Storage;

/// <summary>
/// A device's metric in one unit: one sequence of readings. There is one object for each series in a process (see <see cref="Catalog"/>),
/// so a reading names its series by reference.
/// </summary>
public sealed class Series
{
    internal Series(byte[] device, byte[] metric, byte[] unit, SeriesOrigin origin) => (Device, Metric, Unit, Origin) = (device, metric, unit, origin);

    /// <summary>Device, UTF-8.</summary>
    public ReadOnlyMemory<byte> Device { get; }

    /// <summary>Metric, UTF-8.</summary>
    public ReadOnlyMemory<byte> Metric { get; }

    /// <summary>Unit, UTF-8; empty for readings that say none.</summary>
    public ReadOnlyMemory<byte> Unit { get; }

    /// <summary>Where its first reading came from.</summary>
    public SeriesOrigin Origin { get; }

    /// <summary>Its key in the store; 0 until the writer has looked it up or made it.</summary>
    public int Id { get; internal set; }

    /// <summary>
    /// Which connection <see cref="Id"/> was looked up on. On another one it is looked up again: behind a new connection may stand another
    /// database, restored or made anew, where the number means another series.
    /// </summary>
    internal int Epoch { get; set; }

    /// <summary>Why the store will not have this series; null where it will. Its readings are refused with it.</summary>
    internal string? Refused { get; set; }

    /// <summary>Whether it was asked for again since it was made, or since the catalog was last swept.</summary>
    internal bool Used { get; set; }
}
