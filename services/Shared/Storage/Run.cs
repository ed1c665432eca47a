namespace Tally.Storage;

/// <summary>A run of a publisher. There is one object for each run in a process (see <see cref="Catalog"/>).</summary>
public sealed class Run
{
    internal Run(byte[] name, int id) => (Name, Id) = (name, id);

    /// <summary>Name, UTF-8; <c>0</c> for readings of publishers that know no runs.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    /// <summary>Its key in the store; -1 until the writer has looked it up or made it. The run of foreign readings has 0.</summary>
    public int Id { get; internal set; }
}
