namespace Tally.Ingest.Receiving;

/// <summary>What a message without identity gets that is read in again.</summary>
/// <param name="FirstSeq">Seq of its first reading.</param>
/// <param name="Arrival">When it arrived first, in microseconds since 1970.</param>
internal readonly record struct ReplayedIdentity(long FirstSeq, long Arrival);
