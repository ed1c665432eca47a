namespace Tally.Ingest.Retiring;

/// <summary>The instance is not retired; the message is for the user, with the way out.</summary>
internal sealed class RetireException(string message) : Exception(message);
