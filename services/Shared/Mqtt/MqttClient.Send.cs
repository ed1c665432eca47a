using System.Net.Sockets;

namespace Tally.Mqtt;

// The send loop: everything gathered since the last write goes out with the next.
public sealed partial class MqttClient
{
    private void SendLoop(Connection connection)
    {
        try
        {
            while (true)
            {
                connection.SendSignal.Wait();

                // Read before the buffer: what was appended before the finish is then sent for certain.
                var last = connection.Finishing;
                while (TakeOutgoing() is { IsEmpty: false } bytes)
                {
                    connection.Stream.Write(bytes.Span);
                    connection.LastSent = Environment.TickCount64;
                    AfterWrite(connection);
                }

                if (!last) continue;
                connection.CloseSending();
                return;
            }
        }
        catch (Exception error)
        {
            // A broken socket is an everyday thing, and after an abort the expected one; anything else is a defect and ends
            // the client with its exception.
            if (!connection.IsAborted) connection.End(IsBroken(error) ? Broken(error) : Fault(error));
        }
    }

    private static bool IsBroken(Exception error) => error is IOException or SocketException or ObjectDisposedException;

    private ReadOnlyMemory<byte> TakeOutgoing()
    {
        lock (_gate)
        {
            (_unwritten, _beingWritten) = (_beingWritten, _unwritten);
            return _outgoing.Take();
        }
    }

    private void AfterWrite(Connection connection)
    {
        foreach (var operation in _beingWritten) operation.TrySetResult(MqttReasonCode.Success);
        _beingWritten.Clear();
        connection.DrainSignal.Set();
        AfterRoomWasMade(connection);
    }

    private ConnectionEnd Broken(Exception error) =>
        new(MqttReasonCode.UnspecifiedError, $"The connection of client id '{_clientId}' to broker {_broker} broke: {error.Message}.")
        {
            WithoutAWord = true,
        };
}
