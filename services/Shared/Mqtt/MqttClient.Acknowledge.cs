using Tally.Mqtt.Connections;
using Tally.Mqtt.Session;

namespace Tally.Mqtt;

// PUBACK and PUBREC from us to the broker (3.4, 3.5).
public sealed partial class MqttClient
{
    // Under the lock, but for what it says of itself.
    private readonly IncomingDeliveries _deliveries = new();

    /// <inheritdoc/>
    public void Acknowledge(MqttDelivery delivery) => Acknowledge(new ReadOnlySpan<MqttDelivery>(in delivery));

    /// <inheritdoc/>
    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        Connection? connection;
        lock (_gate)
        {
            connection = _open;
            var epoch = connection?.Epoch ?? 0;
            var any = false;
            foreach (var delivery in deliveries)
            {
                var type = _deliveries.Acknowledge(delivery, epoch);
                if (type == 0) continue;
                _outgoing.Append(_encoder.Encode(type, delivery.PacketId));
                any = true;
            }

            if (!any) return;
        }

        connection?.Send();
    }
}
