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

    private readonly byte[][] _prefixes = [.. options.AllowedResponsePrefixes.Select(Encoding.UTF8.GetBytes)];
    private readonly Dictionary<string, AckAddress> _known = [];
    private readonly HashSet<string> _logged = [];
    private string? _lastTopic;
    private AckAddress _last = new([]);

    /// <summary>The address that a message asks for.</summary>
    /// <param name="responseTopic">Its Response Topic; null when absent.</param>
    /// <returns>Null when it asks for none, or for one that is not allowed.</returns>
    public AckAddress? Find(string? responseTopic)
    {
        if (responseTopic is null) return null;
        if (responseTopic == _lastTopic) return _last;
        if (!_known.TryGetValue(responseTopic, out var address))
        {
            if (Encoding.UTF8.GetByteCount(responseTopic) > MaxBytes || !Topics.IsAllowedResponseTopic(responseTopic, options.AllowedResponsePrefixes))
            {
                Refuse(responseTopic);
                return null;
            }

            if (_known.Count == Capacity) _known.Clear();
            address = _known[responseTopic] = new AckAddress(Encoding.UTF8.GetBytes(responseTopic));
        }

        (_lastTopic, _last) = (responseTopic, address);
        return address;
    }

    /// <summary>The address of a device that asks for none: <c>acks/{device}</c>.</summary>
    public AckAddress OfDevice(ReadOnlySpan<byte> device) =>
        Find(Topics.Acks(Encoding.UTF8.GetString(device))) ?? throw new ArgumentException("A device's name holds a wildcard.", nameof(device));

    /// <summary>Whether only services publish there: notices and acknowledgements, which a subscription to everything brings too.</summary>
    public bool IsOwn(ReadOnlySpan<byte> topic)
    {
        foreach (var prefix in _prefixes)
        {
            if (topic.StartsWith(prefix)) return true;
        }

        return topic.StartsWith("stored/"u8) || topic.StartsWith("acks/"u8);
    }

    private void Refuse(string responseTopic)
    {
        IngestTelemetry.RefusedResponseTopics.Add(1);
        if (_logged.Count == LoggedPrefixes) return;

        var end = responseTopic.IndexOf('/', StringComparison.Ordinal);
        var prefix = responseTopic[..Math.Min(end < 0 ? responseTopic.Length : end + 1, 64)];
        prefix = string.Concat(prefix.Select(character => char.IsControl(character) ? '?' : character)); // it came from a stranger
        if (_logged.Add(prefix))
        {
            logger.LogWarning(
                "A publisher asks for acknowledgements on a topic below '{Prefix}', which is not allowed: treated as if it had asked for none. Allow it with Ingest__AllowedResponsePrefixes__0.",
                prefix);
        }
    }
}
