using Tally.Mqtt;

namespace Tally.Benchmarks.Client;

/// <summary>What one message costs one side.</summary>
/// <param name="CpuMicroseconds">Processor time of the process, user and system together.</param>
/// <param name="CpuUserMicroseconds">Its user part.</param>
/// <param name="CpuSystemMicroseconds">Its system part.</param>
/// <param name="AllocatedBytes">Managed memory allocated.</param>
/// <param name="MessagesPerSecond">The speed at which this was measured; the broker sets it.</param>
internal sealed record SideFigures(
    double CpuMicroseconds, double CpuUserMicroseconds, double CpuSystemMicroseconds, double AllocatedBytes, double MessagesPerSecond);

/// <summary>Both sides, at QoS 1 with 100-byte payloads.</summary>
internal sealed record ClientFigures(SideFigures Publish, SideFigures Receive);

/// <summary>Processor time, memory and time of this process at one moment.</summary>
internal readonly record struct Usage(TimeSpan User, TimeSpan System, long Allocated, TimeSpan At)
{
    /// <summary>Now.</summary>
    public static Usage Take()
    {
        var cpu = Environment.CpuUsage;
        return new Usage(cpu.UserTime, cpu.PrivilegedTime, GC.GetTotalAllocatedBytes(precise: true), TimeProvider.System.GetElapsedTime(0));
    }

    /// <summary>What happened since <paramref name="start"/>, per message.</summary>
    public SideFigures Since(Usage start, int messages) => new(
        Round((User + System - start.User - start.System).TotalMicroseconds / messages),
        Round((User - start.User).TotalMicroseconds / messages),
        Round((System - start.System).TotalMicroseconds / messages),
        Round((Allocated - start.Allocated) / (double)messages),
        Math.Round(messages / (At - start.At).TotalSeconds));

    private static double Round(double value) => Math.Round(value, 3);
}

/// <summary>What the two sides agree on.</summary>
internal sealed record ClientLoad(Uri Broker, int WarmUp, int Messages)
{
    /// <summary>The message of DESIGN's comparison with MQTTnet.</summary>
    public const int PayloadBytes = 100;

    /// <summary>Topic of all messages.</summary>
    public static ReadOnlySpan<byte> Topic => "telemetry/device-1/temperature"u8;

    /// <summary>Options of one side.</summary>
    public MqttClientOptions Options(string clientId, params MqttSubscription[] subscriptions) =>
        new() { Broker = Broker, ClientId = clientId, CleanStart = true, Subscriptions = subscriptions };
}
