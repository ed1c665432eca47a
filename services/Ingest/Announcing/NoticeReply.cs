using Tally.Ingest.Receiving;

namespace Tally.Ingest.Announcing;

/// <summary>The answer to one message with Correlation Data, however many readings it held.</summary>
/// <param name="Message">Number of the message in its batch.</param>
/// <param name="To">Where.</param>
/// <param name="Row">Its first reading; -1 when it has none.</param>
/// <param name="Topic">Device and metric, where it has no reading.</param>
/// <param name="Seq">Sequence number of what is answered; 0 where unknown.</param>
/// <param name="Reason">Why it, or one of its readings, is rejected; null when all is stored.</param>
internal readonly record struct NoticeReply(int Message, AckAddress To, int Row, TopicRoute? Topic, long Seq, string? Reason);
