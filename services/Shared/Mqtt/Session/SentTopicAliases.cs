namespace Tally.Mqtt.Session;

/// <summary>Topic aliases of one connection, from us to the broker (3.3.2.3.4): first come, first served, as many as the broker allows.</summary>
internal sealed class SentTopicAliases(int maximum)
{
    /// <summary>An alias that comes with its topic makes a packet longer by at most so much: the property, and a digit more in each length.</summary>
    public const int MostAdded = 5;

    // So many are enough for any stream that gains by it, and bound what is kept of topics.
    private const int MostKept = 1024;

    private readonly Dictionary<string, ushort> _aliases = [];

    /// <summary>Finds the alias of a topic, or gives it one.</summary>
    /// <param name="topic">Topic name.</param>
    /// <param name="isKnown">It was given before: the broker knows it.</param>
    /// <returns>0: there is none left.</returns>
    public ushort Of(string topic, out bool isKnown)
    {
        isKnown = _aliases.TryGetValue(topic, out var alias);
        if (!isKnown && _aliases.Count < Math.Min(maximum, MostKept)) _aliases[topic] = alias = (ushort)(_aliases.Count + 1);
        return alias;
    }
}
