using System.Net.Sockets;

namespace Tally.Mqtt;

// The send loop: everything gathered since the last write goes out with the next, and while a stream is running more is let gather.
public sealed partial class MqttClient
{
    private void SendLoop(Connection connection)
    {
        try
        {
            while (true)
            {
                connection.WaitToSend();

                // Read before the buffer: what was appended before the finish is then sent for certain.
                var last = connection.Finishing;
                while (Take(out var packets) is { IsEmpty: false } bytes)
                {
                    connection.Stream.Write(bytes.Span);
                    connection.LastSent = Environment.TickCount64;
                    AfterRoomWasMade(connection);
                    if (_sendGathering.ShouldWait(bytes.Length, packets, connection.LastSent)) _sendGathering.Wait();
                }

                if (!last) continue;
                connection.CloseSending();
                return;
            }
        }
        catch (Exception error)
        {
            // A broken socket is an everyday thing: the receive loop reads what the broker had written before, and comes to the end. Anything else is a defect.
            if (!connection.IsAborted && !IsBroken(error)) connection.End(Fault(error));
        }
    }

    private static bool IsBroken(Exception error) => error is IOException or SocketException or ObjectDisposedException;

    private ReadOnlyMemory<byte> Take(out int packets)
    {
        lock (_gate) return _outgoing.Take(out packets);
    }

    private ConnectionEnd Broken(Exception error) =>
        new(MqttReasonCode.UnspecifiedError, $"The connection of client id '{_clientId}' to broker {_broker} broke: {TransportException.Innermost(error)}.") { WithoutAWord = true };
}
