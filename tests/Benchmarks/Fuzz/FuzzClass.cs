using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz;

/// <summary>What one class of hostile input came to.</summary>
/// <param name="name">Of the class.</param>
/// <param name="version">Of MQTT.</param>
internal sealed class FuzzClass(string name, MqttProtocolVersion version)
{
    private const int MostDefectsKept = 10;

    private readonly Dictionary<Ending, long> _endings = [];
    private readonly List<string> _defects = [];

    public string Name { get; } = name;

    public string Version { get; } = version == MqttProtocolVersion.V500 ? "5" : "3.1.1";

    public long Packets { get; private set; }

    public long Cases { get; private set; }

    public long Defects { get; private set; }

    public TimeSpan Time { get; set; }

    public IReadOnlyDictionary<Ending, long> Endings => _endings;

    /// <summary>The first defects, each with what repeats it.</summary>
    public IReadOnlyList<string> FirstDefects => _defects;

    /// <summary>Counts one case.</summary>
    public void Count(int packets, Ending ending)
    {
        Packets += packets;
        Cases++;
        _endings[ending] = _endings.GetValueOrDefault(ending) + 1;
        if (ending.Kind == EndingKind.Defect) Defects++;
    }

    /// <summary>Keeps what is needed to repeat a defect.</summary>
    public void Describe(Func<string> defect)
    {
        if (_defects.Count < MostDefectsKept) _defects.Add(defect());
    }
}
