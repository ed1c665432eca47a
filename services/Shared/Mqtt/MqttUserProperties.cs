using System.Buffers.Binary;
using System.Text;

namespace Tally.Mqtt;

/// <summary>
/// User properties of a packet (3.3.2.3.7): pairs of UTF-8 strings in order, in the form that they have in the packet
/// (identifier 0x26, name, value; each string with two bytes of length before it), and no other property between them.
/// </summary>
/// <param name="encoded">The property bytes; already checked for form.</param>
public readonly ref struct MqttUserProperties(ReadOnlySpan<byte> encoded)
{
    /// <summary>Property identifier of a user property (2.2.2.2).</summary>
    internal const byte Identifier = 0x26;

    /// <summary>The pairs as they stand in a packet.</summary>
    public ReadOnlySpan<byte> Encoded { get; } = encoded;

    /// <summary>There is none.</summary>
    public bool IsEmpty => Encoded.IsEmpty;

    /// <summary>Encodes pairs once, for use with many messages.</summary>
    public static byte[] EncodeList(IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        var tuples = new (string Name, string Value)[pairs.Count];
        for (var index = 0; index < tuples.Length; index++) tuples[index] = (pairs[index].Key, pairs[index].Value);
        return Encode((ReadOnlySpan<(string Name, string Value)>)tuples);
    }

    /// <summary>Encodes pairs once, for use with many messages.</summary>
    public static byte[] Encode(params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        var bytes = new List<byte>();
        foreach (var (name, value) in pairs)
        {
            bytes.Add(Identifier);
            Append(bytes, name);
            Append(bytes, value);
        }

        return [.. bytes];

        static void Append(List<byte> to, string text)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(utf8.Length, ushort.MaxValue, nameof(text));
            to.Add((byte)(utf8.Length >> 8));
            to.Add((byte)utf8.Length);
            to.AddRange(utf8);
        }
    }

    /// <summary>Copies the pairs, for what is few.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ToList()
    {
        if (IsEmpty) return [];
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in this) pairs.Add(new(Encoding.UTF8.GetString(pair.Name), Encoding.UTF8.GetString(pair.Value)));
        return pairs;
    }

    /// <summary>Finds the first property of that name.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var pair in this)
        {
            if (pair.Name.SequenceEqual(name))
            {
                value = pair.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Enumerates the pairs; for <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(Encoded);

    /// <summary>One pair.</summary>
    public readonly ref struct Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        /// <summary>Name, UTF-8.</summary>
        public ReadOnlySpan<byte> Name { get; } = name;

        /// <summary>Value, UTF-8.</summary>
        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>Walks over the encoded pairs.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        /// <summary>The pair reached.</summary>
        public Pair Current { get; private set; }

        /// <summary>Goes to the next pair.</summary>
        public bool MoveNext()
        {
            if (_rest.IsEmpty) return false;
            _rest = _rest[1..];
            var name = Next();
            Current = new Pair(name, Next());
            return true;
        }

        private ReadOnlySpan<byte> Next()
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(_rest);
            var text = _rest.Slice(2, length);
            _rest = _rest[(2 + length)..];
            return text;
        }
    }
}
