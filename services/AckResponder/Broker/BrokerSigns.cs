using System.Text.RegularExpressions;

namespace Tally.AckResponder.Broker;

/// <summary>What an operator has to know of the broker, since nobody else hears of it.</summary>
internal enum BrokerSign
{
    /// <summary>A client sent a packet over the limit, and was closed.</summary>
    Oversize,

    /// <summary>A client was not let in.</summary>
    Refused,

    /// <summary>A client connects under the name of a service.</summary>
    Impersonating,

    /// <summary>A queue is at 80 % of its limit.</summary>
    NearlyFull,

    /// <summary>Messages are dropped.</summary>
    Dropping,
}

/// <summary>
/// Finds them in the broker's own log (<c>$SYS/broker/log/</c>, Mosquitto 2.0) and figures, counts them, keeps the last for the health page, and says
/// each in the log at most once a minute. Written on the connection's loop, read by whoever asks.
/// </summary>
internal sealed partial class BrokerSigns(AckResponderMetrics metrics, AckResponderOptions options, TimeProvider time, ILogger<BrokerSigns> logger)
{
    private const int NameLength = 64;
    private const double NearlyFull = 0.8;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // How the client identifiers of services begin, and whose they are. What follows is secret, so one without it is not theirs.
    private static readonly (string Name, string User)[] Services = [("ingest", "ingest"), ("ackresponder", "ackresponder"), ("sim-", "simulator")];

    private readonly Lock _gate = new();
    private readonly Seen[] _seen = new Seen[Enum.GetValues<BrokerSign>().Length];
    private long? _dropped;

    /// <summary>A line of the broker's log, with or without its time.</summary>
    public void OnLogLine(string line)
    {
        var said = LineTime().Replace(line, "");
        if (Oversize().Match(said) is { Success: true } oversize)
            Tell(BrokerSign.Oversize, $"client '{Clean(oversize.Groups[1].Value)}' was closed for a packet over the broker's limit (max_packet_size), and will try again for ever");
        else if (Refused().Match(said) is { Success: true } refused)
            Tell(BrokerSign.Refused, $"client '{Clean(refused.Groups[1].Value)}' was not let in: its user or password is wrong");
        else if (Dropping().Match(said) is { Success: true } dropping)
            Tell(BrokerSign.Dropping, $"messages for client '{Clean(dropping.Groups[1].Value)}' are being dropped: its queue is full (max_queued_messages, max_queued_bytes)");
        else if (Connected().Match(said) is { Success: true } connected && IsImpersonating(connected.Groups[2].Value, connected.Groups[3].Value))
            Tell(BrokerSign.Impersonating, $"user '{Clean(connected.Groups[3].Value)}' at {connected.Groups[1].Value} connects as '{Clean(connected.Groups[2].Value)}', which begins like a service: harmless, the sessions of services cannot be guessed");
    }

    /// <summary>The broker's figures have changed.</summary>
    public void OnFigures(BrokerFigures figures)
    {
        var (queued, bytes) = (figures.Queued ?? 0, figures.HeldBytes ?? 0);
        if (queued >= NearlyFull * options.BrokerQueueMessages || bytes >= NearlyFull * options.BrokerQueueBytes)
            Tell(BrokerSign.NearlyFull, $"the broker holds {queued} of {options.BrokerQueueMessages} messages and {bytes} of {options.BrokerQueueBytes} bytes that it queues; past that it drops them. Whoever reads them is away or too slow");

        if (figures.Dropped > _dropped) Tell(BrokerSign.Dropping, $"the broker has dropped {figures.Dropped - _dropped} messages ({figures.Dropped} since its start)");
        _dropped = figures.Dropped;
    }

    /// <summary>What was seen lately, a line for each kind.</summary>
    public IReadOnlyList<string> Lately()
    {
        lock (_gate)
        {
            var since = time.GetUtcNow() - options.ShowSignsFor;
            return [.. _seen.Where(seen => seen.Count > 0 && seen.At >= since).Select(seen => $"{seen.Line} ({seen.Count} times, last at {seen.At:yyyy-MM-dd'T'HH:mm:ss'Z'})")];
        }
    }

    private static bool IsImpersonating(string client, string user) =>
        Array.Exists(Services, service => client.StartsWith(service.Name, StringComparison.OrdinalIgnoreCase) && user != service.User);

    private void Tell(BrokerSign sign, string line)
    {
        metrics.BrokerSigns.Add(1, KeyValuePair.Create<string, object?>("sign", sign.ToString().ToLowerInvariant()));
        long since;
        lock (_gate)
        {
            ref var seen = ref _seen[(int)sign];
            (seen.Count, seen.Line, seen.At) = (seen.Count + 1, line, time.GetUtcNow());
            since = ++seen.Unsaid;
            if (seen.SaidAt is { } said && time.GetElapsedTime(said) < Pause) return;
            (seen.SaidAt, seen.Unsaid) = (time.GetTimestamp(), 0);
        }

        logger.LogWarning("Broker: {Line} (seen {Count} times since this was last said; said once a minute at most).", line, since);
    }

    // It came from a stranger.
    private static string Clean(string name) => string.Concat(name.Select(character => char.IsControl(character) ? '?' : character).Take(NameLength));

    [GeneratedRegex("^[0-9T:-]+: ")]
    private static partial Regex LineTime();

    [GeneratedRegex("^Client (.*) disconnected due to oversize (?:packet|payload)", RegexOptions.Singleline)]
    private static partial Regex Oversize();

    [GeneratedRegex("^Client (.*) disconnected, not authorised", RegexOptions.Singleline)]
    private static partial Regex Refused();

    [GeneratedRegex("^Outgoing messages are being dropped for client (.*)\\.$", RegexOptions.Singleline)]
    private static partial Regex Dropping();

    [GeneratedRegex("^New client connected from (\\S+) as (.*) \\(p[0-9]+, c[01], k[0-9]+(?:, u'(.*)')?\\)\\.$", RegexOptions.Singleline)]
    private static partial Regex Connected();

    private struct Seen
    {
        public long Count, Unsaid;
        public string Line;
        public DateTimeOffset At;
        public long? SaidAt;
    }
}
