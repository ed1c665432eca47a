namespace Tally.SensorSimulator.Watching;

/// <summary>Topic filters (MQTT 5, 4.7).</summary>
internal static class TopicFilter
{
    /// <summary>Whether a broker would take it: '+' stands for a whole level, '#' for the last ones.</summary>
    public static bool IsValid(string? filter)
    {
        if (string.IsNullOrEmpty(filter) || filter.Contains('\0') || System.Text.Encoding.UTF8.GetByteCount(filter) > ushort.MaxValue) return false;
        var levels = filter.Split('/');
        return levels.Index().All(level => level.Item switch
        {
            "+" => true,
            "#" => level.Index == levels.Length - 1,
            var name => name.AsSpan().IndexOfAny('+', '#') < 0,
        });
    }
}
