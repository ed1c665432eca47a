using System.Diagnostics.CodeAnalysis;

namespace Tally.Mqtt;

/// <summary>
/// Topic aliases of one connection, from us to the broker (3.3.2.3.4): first come, first served, as many as the broker
/// allows. A topic is copied when it gets its alias; afterwards nothing is allocated.
/// </summary>
internal sealed class SentTopicAliases(int maximum)
{
    // So many are enough for any stream that gains by it, and bound what is kept of topics.
    private const int MostKept = 1024;

    private readonly Dictionary<byte[], ushort>.AlternateLookup<ReadOnlySpan<byte>> _aliases =
        new Dictionary<byte[], ushort>(new TopicComparer()).GetAlternateLookup<ReadOnlySpan<byte>>();

    private readonly int _maximum = Math.Min(maximum, MostKept);

    /// <summary>Finds the alias of a topic, or gives it one.</summary>
    /// <param name="topic">Topic name.</param>
    /// <param name="alias">Its alias.</param>
    /// <param name="known">It was given before: the broker knows it.</param>
    /// <returns>False when there is none left.</returns>
    public bool TryGet(ReadOnlySpan<byte> topic, out ushort alias, out bool known)
    {
        known = _aliases.TryGetValue(topic, out alias);
        if (known) return true;
        if (_aliases.Dictionary.Count >= _maximum) return false;
        alias = (ushort)(_aliases.Dictionary.Count + 1);
        _aliases[topic] = alias;
        return true;
    }

    private sealed class TopicComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
