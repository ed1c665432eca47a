using System.Text;
using Tally.Contracts;

namespace Tally.Unit.Tests.Contracts;

/// <summary>What an acknowledgement said, as sets that can be compared.</summary>
internal sealed class Said : IAcknowledgementVisitor
{
    public List<RunState> Announced { get; } = [];

    public HashSet<(string Device, string Metric, long Seq, bool Stored)> Readings { get; } = [];

    public List<(string Device, string Metric, long Seq, bool Stored)> Replies { get; } = [];

    public void OnAnnounced(RunState state) => Announced.Add(state);

    public void OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool stored)
    {
        // What is hostile may name more than memory holds.
        for (var seq = from; seq <= Math.Min(to, from + 1_000); seq++) Readings.Add((Encoding.UTF8.GetString(device), Encoding.UTF8.GetString(metric), seq, stored));
    }

    public void OnReply(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long seq, bool stored) =>
        Replies.Add((Encoding.UTF8.GetString(device), Encoding.UTF8.GetString(metric), seq, stored));
}
