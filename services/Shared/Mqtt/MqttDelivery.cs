namespace Tally.Mqtt;

/// <summary>
/// Names one delivery that waits for its acknowledgement. A packet identifier means nothing on the next connection
/// (MQTT 5, 4.4), so the connection's epoch goes with it: an acknowledgement of an earlier epoch is dropped, because the
/// broker delivers that message again. A delivery of QoS 2 stays good on later connections of its session, because it is
/// handed over once only.
/// </summary>
/// <param name="Epoch">Number of the connection it arrived on: 1 for the first of this process.</param>
/// <param name="PacketId">Packet identifier; 0 for QoS 0, which is not acknowledged.</param>
public readonly record struct MqttDelivery(int Epoch, ushort PacketId)
{
    /// <summary>Tells deliveries with one packet identifier on one connection from each other.</summary>
    internal ushort Turn { get; init; }
}
