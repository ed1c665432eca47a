using System.Buffers.Binary;
using System.Text;
using Tally.Contracts;
using Tally.Contracts.Payloads;

namespace Tally.Benchmarks.Pipeline;

/// <summary>
/// The few MQTT 5 packets that the ceiling needs, encoded by hand and ahead of time, so that the ceiling measures the broker
/// and not a client.
/// </summary>
internal static class RawPackets
{
    private const byte SessionExpiryNone = 0;

    /// <summary>CONNECT with clean start, user name and password.</summary>
    public static byte[] Connect(string clientId, Uri broker)
    {
        var (user, password) = Credentials(broker);
        var body = new List<byte>();
        AddString(body, "MQTT");
        body.AddRange([5, 0b1100_0010, 0, 60, SessionExpiryNone]);
        AddString(body, clientId);
        AddString(body, user);
        AddString(body, password);
        return Frame(0x10, body);
    }

    /// <summary>SUBSCRIBE to all readings at QoS 1, packet identifier 1.</summary>
    public static byte[] Subscribe()
    {
        var body = new List<byte> { 0, 1, 0 };
        AddString(body, Topics.AllTelemetry);
        body.Add(1);
        return Frame(0x82, body);
    }

    /// <summary>The PUBLISH packets of one slice, one behind the other, the same bytes that the pipeline's simulator sends.</summary>
    /// <param name="count">How many.</param>
    /// <param name="devices">Devices that take turns.</param>
    /// <param name="ends">Where each packet ends.</param>
    public static byte[] Publishes(int count, int devices, out int[] ends)
    {
        const string Run = "20261120T090000-ceil";
        var plan = new RunPlan(count, devices, DateTimeOffset.UnixEpoch.AddYears(56), TimeSpan.FromMilliseconds(10));
        var all = new MemoryStream(count * 200);
        ends = new int[count];
        Span<byte> payload = stackalloc byte[NativeReadingWriter.MaxBytes];
        for (var i = 0; i < count; i++)
        {
            var (device, seq) = plan.IdentityOf(i);
            var length = NativeReadingWriter.Write(
                payload, Encoding.UTF8.GetBytes(Run), seq, plan.AtOf(seq).UtcDateTime, 20 + i % 1000 / 100.0, "Cel"u8);
            var body = new List<byte>(256);
            AddString(body, Topics.Telemetry(RunPlan.DeviceName(device), "temperature"));
            var id = (ushort)(i % ushort.MaxValue + 1);
            body.AddRange([(byte)(id >> 8), (byte)id]);
            var responseTopic = Encoding.UTF8.GetBytes(Topics.Acks("sim-00000000"));
            body.AddRange([(byte)(3 + responseTopic.Length), 0x08, 0, (byte)responseTopic.Length, .. responseTopic]);
            body.AddRange(payload[..length]);
            all.Write(Frame(0x32, body));
            ends[i] = (int)all.Length;
        }

        return all.ToArray();
    }

    private static byte[] Frame(byte header, List<byte> body)
    {
        var frame = new List<byte>(body.Count + 5) { header };
        var rest = body.Count;
        do
        {
            frame.Add((byte)(rest % 128 | (rest >= 128 ? 0x80 : 0)));
            rest /= 128;
        }
        while (rest > 0);

        frame.AddRange(body);
        return [.. frame];
    }

    private static void AddString(List<byte> to, string text)
    {
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)Encoding.UTF8.GetByteCount(text));
        to.AddRange(length);
        to.AddRange(Encoding.UTF8.GetBytes(text));
    }

    private static (string User, string Password) Credentials(Uri broker)
    {
        var parts = broker.UserInfo.Split(':', 2);
        return (Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]));
    }
}
