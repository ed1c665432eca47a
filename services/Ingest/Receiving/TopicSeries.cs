using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>What a topic says: device and metric, and what hangs on them. Made once for each topic.</summary>
internal sealed class TopicSeries(byte[] device, byte[] metric, AckAddress deviceAddress)
{
    /// <summary>Device, UTF-8.</summary>
    public ReadOnlyMemory<byte> Device => device;

    /// <summary>Metric, UTF-8.</summary>
    public ReadOnlyMemory<byte> Metric => metric;

    /// <summary>Where the device is acknowledged when its messages ask for no other place.</summary>
    public AckAddress DeviceAddress => deviceAddress;

    /// <summary>The series, once a reading was accepted: a message that is rejected makes none.</summary>
    public Series? Series { get; set; }
}
