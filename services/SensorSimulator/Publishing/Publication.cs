namespace Tally.SensorSimulator.Publishing;

/// <summary>Why a reading is published.</summary>
internal enum PublicationKind : byte
{
    /// <summary>For the first time.</summary>
    First,

    /// <summary>Again, because there is evidence that it was lost.</summary>
    Again,

    /// <summary>Again, without evidence, to see whether anything comes back.</summary>
    Probe,
}

/// <summary>One sending of one reading.</summary>
/// <param name="Index">Index of the reading in the run.</param>
/// <param name="Position">Number of this sending among all, from 1; a later one is behind it in the broker's queue.</param>
/// <param name="Token">What names it towards the MQTT client.</param>
/// <param name="Kind">Why it is sent.</param>
internal readonly record struct Publication(long Index, long Position, long Token, PublicationKind Kind);
