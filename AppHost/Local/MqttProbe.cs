using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tally.AppHost.Local;

/// <summary>Asks a broker whether it lets a user in: CONNECT, and healthy on CONNACK 0 (MQTT 3.1.1, 3.1 and 3.2).</summary>
internal static class MqttProbe
{
    // A broker that reads a large persistence file accepts connections only afterwards; one that accepts answers at once.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>Whether CONNACK said yes.</summary>
    public static async Task<bool> IsAcceptedAsync(int port, string user, string password, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
            await socket.SendAsync(Connect(user, password), limit.Token);
            var connack = new byte[4];
            var read = 0;
            while (read < connack.Length)
            {
                var count = await socket.ReceiveAsync(connack.AsMemory(read), limit.Token);
                if (count == 0) return false;
                read += count;
            }

            await socket.SendAsync(Disconnect, limit.Token);
            return connack is [0x20, 2, _, 0];
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static readonly byte[] Disconnect = [0xE0, 0];

    private static byte[] Connect(string user, string password)
    {
        var body = new List<byte>();
        Add(body, "MQTT");
        body.AddRange([4, 0b1100_0010, 0, 10]); // level 3.1.1; user name, password, clean session; keep-alive 10 s
        Add(body, ""); // client identifier: the broker's choice
        Add(body, user);
        Add(body, password);
        // The remaining length has one byte below 128, two below 16,384; names and passwords here have less than 128 together.
        return [0x10, .. body.Count < 128 ? (ReadOnlySpan<byte>)[(byte)body.Count] : [(byte)(body.Count % 128 | 128), (byte)(body.Count / 128)], .. body];
    }

    private static void Add(List<byte> body, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        body.AddRange([(byte)(bytes.Length >> 8), (byte)bytes.Length]);
        body.AddRange(bytes);
    }
}
