using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// PUBACK from us to the broker (3.4).
public sealed partial class MqttClient
{
    /// <inheritdoc/>
    public void Acknowledge(MqttDelivery delivery) => Acknowledge(new ReadOnlySpan<MqttDelivery>(in delivery));

    /// <inheritdoc/>
    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        Connection? connection;
        lock (_gate)
        {
            connection = _open;
            if (connection is null) return;
            var acknowledged = 0;
            foreach (var delivery in deliveries)
            {
                if (delivery.Epoch != connection.Epoch || delivery.PacketId == 0) continue;
                AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), PacketType.PubAck, delivery.PacketId);
                acknowledged++;
            }

            if (acknowledged == 0) return;
            Interlocked.Add(ref _unacknowledged, -acknowledged);
        }

        connection.SendSignal.Set();
    }
}
