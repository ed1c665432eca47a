namespace Tally.Storage;

/// <summary>What is special about a reading; the bits of column <c>marks</c>, which the view <c>telemetry</c> takes apart.</summary>
[Flags]
public enum ReadingMarks : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its time is its arrival, because its message said none.</summary>
    Arrival = 1,

    /// <summary>It arrived with a backlog: it was measured some time before its arrival.</summary>
    Late = 2,

    /// <summary>Its time was more than a day ahead when it arrived. It is never the latest one.</summary>
    Ahead = 4,

    /// <summary>The broker had kept its message (MQTT 5, 3.3.1.3).</summary>
    Retained = 8,

    /// <summary>It was read in again from a dead letter.</summary>
    Replayed = 16,
}
