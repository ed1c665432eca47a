using System.Text.Json.Serialization;

namespace Tally.Contracts;

/// <summary>How far a run is. The later state wins, whatever order announcements arrive in.</summary>
[JsonConverter(typeof(RunStateConverter))]
public enum RunState
{
    /// <summary>Only its readings are known; its announcement has not arrived.</summary>
    [JsonStringEnumMemberName("unannounced")] Unannounced = 0,

    /// <summary>It is publishing.</summary>
    [JsonStringEnumMemberName("started")] Started = 1,

    /// <summary>It has published all that it will.</summary>
    [JsonStringEnumMemberName("finished")] Finished = 2,
}

/// <summary>Reads and writes a state by its name only: a number would let a stranger set a state that there is not.</summary>
public sealed class RunStateConverter() : JsonStringEnumConverter<RunState>(namingPolicy: null, allowIntegerValues: false);

/// <summary>What a publisher says on <c>runs/{run}</c> when a run starts and when it is finished.</summary>
public sealed record RunAnnouncement
{
    /// <summary>Name of the run.</summary>
    public required string Run { get; init; }

    /// <summary>How far it is.</summary>
    public required RunState State { get; init; }

    /// <summary>Readings it means to publish.</summary>
    public required long Expected { get; init; }

    /// <summary>Different readings it has published; said when it is finished.</summary>
    public long? Published { get; init; }

    /// <summary>Devices that take turns, named as <see cref="RunPlan.DeviceName"/> says; 0: the names, and who has how many, are the publisher's own.</summary>
    public required int Devices { get; init; }

    /// <summary>The metric they measure.</summary>
    public required string Metric { get; init; }

    /// <summary>Unit of the values (SenML registry, RFC 8428, 12.1).</summary>
    public required string Unit { get; init; }

    /// <summary>QoS of the readings.</summary>
    public required int Qos { get; init; }

    /// <summary>Where the readings come from: <c>synthetic</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Seed of the values.</summary>
    public required long Seed { get; init; }

    /// <summary>Time of the first reading of every series.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Time between two readings of a series, in microseconds.</summary>
    public required long StepMicroseconds { get; init; }

    /// <summary>
    /// What makes it unusable, in words, or null: an announcement comes from outside, and a plan made of it divides by its
    /// devices and reaches to the time of its last reading.
    /// </summary>
    public string? Problem()
    {
        if (Expected < 0) return $"expected is {Expected}, below 0";
        if (Published is < 0) return $"published is {Published}, below 0";
        if (Devices < 0) return $"devices is {Devices}, below 0";
        if (Qos is < 0 or > 2) return $"qos is {Qos}, not 0, 1 or 2";
        if (StepMicroseconds < 0) return $"stepMicroseconds is {StepMicroseconds}, below 0";
        var start = (Start - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var steps = (Int128)(Expected / Math.Max(Devices, 1)) * StepMicroseconds;
        return start + steps > Limits.LatestAt ? $"the last of {Expected} readings would be measured after the year 9999" : null;
    }

    /// <summary>The same as a plan; only where there is no <see cref="Problem"/> and devices take turns.</summary>
    public RunPlan ToPlan() => new(Expected, Devices, Start, TimeSpan.FromMicroseconds(StepMicroseconds));
}

/// <summary>JSON of what is sent seldom; readings, notices and acknowledgements have writers of their own.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunAnnouncement))]
public sealed partial class ContractsJson : JsonSerializerContext;
