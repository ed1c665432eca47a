using System.Globalization;

namespace Tally.Contracts;

/// <summary>
/// What a run will publish, as a pure function: which identities there are, in which order and with which time. Everything
/// that counts a run (simulator, ledger) asks here, so that a reading sent again is the same to the byte.
/// </summary>
/// <remarks>
/// Readings go round the devices: the reading with index k (from 0) belongs to device k mod <see cref="Devices"/> and has
/// seq k / <see cref="Devices"/> + 1.
/// </remarks>
/// <param name="Expected">Readings in the whole run.</param>
/// <param name="Devices">Devices that take turns; each has one series.</param>
/// <param name="Start">Time of every series' first reading.</param>
/// <param name="Step">Time between two readings of a series.</param>
public sealed record RunPlan(long Expected, int Devices, DateTimeOffset Start, TimeSpan Step)
{
    /// <summary>Name of a device, by its number from 0: <c>sensor-0001</c> for the first.</summary>
    public static string DeviceName(int device) => string.Create(CultureInfo.InvariantCulture, $"sensor-{device + 1:D4}");

    /// <summary>The device's number for a name, or -1 for a name that <see cref="DeviceName"/> does not give.</summary>
    public static int DeviceNumber(ReadOnlySpan<byte> name) =>
        name.StartsWith("sensor-"u8)
        && name.Length >= "sensor-0001"u8.Length
        && (name[7] != (byte)'0' || name.Length == "sensor-0001"u8.Length)
        && int.TryParse(name[7..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number - 1
            : -1;

    /// <summary>How many of the first <paramref name="published"/> readings belong to that device.</summary>
    public long CountOf(int device, long published) => published / Devices + (device < published % Devices ? 1 : 0);

    /// <summary>Index in the run of a reading, from 0.</summary>
    public long IndexOf(int device, long seq) => (seq - 1) * Devices + device;

    /// <summary>The identity with that index in the run.</summary>
    public (int Device, long Seq) IdentityOf(long index) => ((int)(index % Devices), index / Devices + 1);

    /// <summary>Time of a reading: start + (seq - 1) × step.</summary>
    public DateTimeOffset AtOf(long seq) => Start + (seq - 1) * Step;
}
