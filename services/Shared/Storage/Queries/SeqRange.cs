namespace Tally.Storage.Queries;

/// <summary>Sequence numbers from one to another, both included.</summary>
internal readonly record struct SeqRange(long From, long To)
{
    public Int128 Count => (Int128)To - From + 1;
}
