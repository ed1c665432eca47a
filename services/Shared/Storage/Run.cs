namespace Tally.Storage;

/// <summary>A run of a publisher. There is one object for each run in a process (see <see cref="Catalog"/>).</summary>
public sealed class Run
{
    internal Run(byte[] name, int id) => (Name, Id, IsForeign) = (name, id, id == 0);

    /// <summary>Name, UTF-8; <c>0</c> for readings of publishers that know no runs.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    /// <summary>Its key in the store; -1 until the writer has looked it up or made it. The run of foreign readings has 0.</summary>
    public int Id { get; internal set; }

    /// <summary>Whether it is the run of foreign readings, whose key is the same in every database.</summary>
    internal bool IsForeign { get; }

    /// <summary>Which connection <see cref="Id"/> was looked up on (see <see cref="Series.Epoch"/>).</summary>
    internal int Epoch { get; set; }

    /// <summary>Why the store will not have this run; null where it will. Its readings are refused with it.</summary>
    internal string? Refused { get; set; }

    /// <summary>Whether it was asked for again since it was made, or since the catalog was last swept.</summary>
    internal bool Used { get; set; }
}
