namespace Tally.Ingest.Receiving;

/// <summary>The delivering session as it stands.</summary>
/// <param name="Epoch">Number of the last connection; 0 before the first.</param>
/// <param name="Connected">It is still there.</param>
/// <param name="Present">The broker still had the session then: what was not acknowledged before comes again.</param>
internal sealed record SessionState(int Epoch, bool Connected, bool Present);
