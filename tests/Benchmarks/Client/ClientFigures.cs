namespace Tally.Benchmarks.Client;

/// <summary>What one message costs one side.</summary>
/// <param name="CpuMicroseconds">Processor time of the process, user and system together.</param>
/// <param name="CpuUserMicroseconds">Its user part.</param>
/// <param name="CpuSystemMicroseconds">Its system part.</param>
/// <param name="AllocatedBytes">Managed memory allocated.</param>
/// <param name="MessagesPerSecond">The speed at which this was measured; the broker sets it.</param>
internal sealed record SideFigures(
    double CpuMicroseconds, double CpuUserMicroseconds, double CpuSystemMicroseconds, double AllocatedBytes, double MessagesPerSecond);

/// <summary>Both sides of one stream.</summary>
/// <param name="Qos">0, 1 or 2.</param>
/// <param name="Messages">Messages measured on each side.</param>
/// <param name="Publish">The side that publishes, up to the last acknowledgement (QoS 0: until the last one was taken).</param>
/// <param name="Receive">The side that receives, and acknowledges what came with each read together.</param>
internal sealed record StreamFigures(int Qos, int Messages, SideFigures Publish, SideFigures Receive);

/// <summary>All of it, with 100-byte payloads.</summary>
/// <param name="Client">Which client it was.</param>
/// <param name="Messages">Messages asked for on each side, after as many as it takes to be warm.</param>
/// <param name="Streams">One for each quality of service.</param>
internal sealed record ClientFigures(string Client, int Messages, IReadOnlyList<StreamFigures> Streams)
{
    /// <summary>The same of MQTTnet's own client, measured after it.</summary>
    public ClientFigures? Beside { get; init; }
}
