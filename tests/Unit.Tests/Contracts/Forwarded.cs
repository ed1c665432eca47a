using System.Text;
using Tally.Contracts;

namespace Tally.Unit.Tests.Contracts;

/// <summary>The acknowledgements that a notice asks for, as AckResponder would publish them.</summary>
internal sealed class Forwarded : INoticeVisitor
{
    public List<(string Topic, byte[] Payload, byte[] Correlation)> Acknowledgements { get; } = [];

    public void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation) =>
        Acknowledgements.Add((Encoding.UTF8.GetString(topic), payload.ToArray(), correlation.ToArray()));
}
