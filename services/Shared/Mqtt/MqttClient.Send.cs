using System.Net.Sockets;

namespace Tally.Mqtt;

// The send loop: everything gathered since the last write goes out with the next.
public sealed partial class MqttClient
{
    private async Task SendLoopAsync(Connection connection)
    {
        try
        {
            while (true)
            {
                await connection.SendSignal.WaitAsync();

                // Read before the buffer: what was appended before the finish is then sent for certain.
                var last = connection.Finishing;
                while (TakeOutgoing() is { IsEmpty: false } bytes)
                {
                    await connection.Stream.WriteAsync(bytes, connection.Aborting);
                    connection.LastSent = Environment.TickCount64;
                    AfterWrite(connection);
                }

                if (!last) continue;
                await connection.CloseGracefullyAsync();
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The end could not wait any longer; it has been told why.
        }
        catch (Exception error)
        {
            // A broken socket is an everyday thing; anything else is a defect and ends the client with its exception.
            connection.End(error is IOException or SocketException ? Broken(error) : Fault(error));
        }
    }

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
