using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

/// <summary>
/// Subscription identifiers of a message (3.3.2.3.8): one for each subscription that it matches and that has one. Walked
/// over with <c>foreach</c>, allocating nothing.
/// </summary>
/// <param name="encoded">Properties as they stand in a packet, already checked for form; those of other kinds are passed over.</param>
public readonly ref struct MqttSubscriptionIdentifiers(ReadOnlySpan<byte> encoded)
{
    private readonly ReadOnlySpan<byte> _encoded = encoded;

    /// <summary>There is none.</summary>
    public bool IsEmpty => !GetEnumerator().MoveNext();

    /// <summary>Encodes identifiers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is 0 or above 268,435,455.</exception>
    public static byte[] Encode(params ReadOnlySpan<uint> identifiers)
    {
        var bytes = new List<byte>();
        Span<byte> digits = stackalloc byte[4];
        foreach (var identifier in identifiers)
        {
            ArgumentOutOfRangeException.ThrowIfZero(identifier, nameof(identifiers));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(identifier, (uint)FixedHeader.MaximumRemainingLength, nameof(identifiers));
            bytes.Add((byte)PropertyId.SubscriptionIdentifier);
            bytes.AddRange(digits[..VariableInteger.Write(digits, (int)identifier)]);
        }

        return [.. bytes];
    }

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(_encoded);

    /// <summary>Walks over the identifiers.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> encoded)
    {
        private PacketReader _rest = new(encoded);

        /// <summary>The identifier reached.</summary>
        public uint Current { get; private set; }

        /// <summary>Goes to the next identifier.</summary>
        public bool MoveNext()
        {
            while (!_rest.IsEmpty)
            {
                var id = (PropertyId)_rest.ReadByte();
                if (id == PropertyId.SubscriptionIdentifier)
                {
                    Current = (uint)_rest.ReadVariableInteger();
                    return true;
                }

                PropertyReader.Skip(ref _rest, id);
            }

            return false;
        }
    }
}
