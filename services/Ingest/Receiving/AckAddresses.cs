using System.Text;
using Tally.Contracts;

namespace Tally.Ingest.Receiving;

/// <summary>Turns Response Topics into addresses, and decides which are allowed. For the receive loop only.</summary>
internal sealed class AckAddresses(IngestOptions options, ILogger<AckAddresses> logger)
{
    /// <summary>Longer ones are not taken: a notice repeats them, and 64 kB for each publisher would make it too large to publish.</summary>
    public const int MaxBytes = 512;

    /// <summary>Addresses kept for use again, about 200 bytes each. When there are more, all are forgotten; batches that hold some keep them.</summary>
    private const int Capacity = 20_000;

    /// <summary>Prefixes that are logged once each; a publisher who tries thousands gets no more lines.</summary>
    private const int LoggedPrefixes = 16;

    private readonly Dictionary<byte[], AckAddress> _known = new(ByteKeys.Instance);
    private readonly HashSet<string> _logged = [];
    private AckAddress _last = new([]);

    /// <summary>The address that a message asks for.</summary>
    /// <param name="responseTopic">Its Response Topic, UTF-8; empty when absent.</param>
    /// <returns>Null when it asks for none, or for one that is not allowed.</returns>
    public AckAddress? Find(ReadOnlySpan<byte> responseTopic)
    {
        if (responseTopic.IsEmpty) return null;
        if (_last.Topic.Span.SequenceEqual(responseTopic)) return _last;
        if (_known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(responseTopic, out var known)) return _last = known;
        if (responseTopic.Length > MaxBytes || !Topics.IsAllowedResponseTopic(responseTopic, options.AllowedResponsePrefixes))
        {
            Refuse(responseTopic);
            return null;
        }

        if (_known.Count == Capacity) _known.Clear();
        var topic = responseTopic.ToArray();
        return _last = _known[topic] = new AckAddress(topic);
    }

    /// <summary>The address of a device that asks for none: <c>acks/{device}</c>.</summary>
    public AckAddress OfDevice(ReadOnlySpan<byte> device)
    {
        Span<byte> topic = stackalloc byte[Topics.AckPrefix.Length + Limits.NameBytes];
        "acks/"u8.CopyTo(topic);
        device.CopyTo(topic["acks/"u8.Length..]);
        return Find(topic[..("acks/"u8.Length + device.Length)]) ?? throw new ArgumentException("A device's name holds a wildcard.", nameof(device));
    }

    private void Refuse(ReadOnlySpan<byte> responseTopic)
    {
        IngestTelemetry.RefusedResponseTopics.Add(1);
        if (_logged.Count == LoggedPrefixes) return;

        var end = responseTopic.IndexOf((byte)'/');
        var prefix = Encoding.UTF8.GetString(responseTopic[..Math.Min(end < 0 ? responseTopic.Length : end + 1, 64)]);
        prefix = string.Concat(prefix.Select(character => char.IsControl(character) ? '?' : character)); // it came from a stranger
        if (_logged.Add(prefix))
        {
            logger.LogWarning(
                "A publisher asks for acknowledgements on a topic below '{Prefix}', which is not allowed: treated as if it had asked for none. Allow it with Ingest__AllowedResponsePrefixes__0.",
                prefix);
        }
    }
}
