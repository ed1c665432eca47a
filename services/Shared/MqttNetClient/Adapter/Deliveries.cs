using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>
/// What the broker has delivered and what of it is still open: MQTTnet's own client hands a QoS 2 message over as often as
/// it comes. Used under the session's lock.
/// </summary>
internal sealed class Deliveries
{
    private readonly Dictionary<ushort, MqttQos> _unacknowledged = [];

    // QoS 2 whose PUBREL has not come. They live with the session, across connections (4.3.3).
    private readonly HashSet<ushort> _received = [];

    /// <summary>How many wait for their owner.</summary>
    public int Unacknowledged => _unacknowledged.Count;

    /// <summary>A new connection: what was not acknowledged is delivered again; with the session gone, what was is too.</summary>
    public void Begin(bool sessionPresent)
    {
        _unacknowledged.Clear();
        if (!sessionPresent) _received.Clear();
    }

    /// <summary>A message came.</summary>
    /// <returns>False: it came before, was acknowledged, and the broker has not heard of that; PUBREC again is the answer.</returns>
    public bool Take(ushort packetId, MqttQos qos)
    {
        if (qos == MqttQos.AtMostOnce) return true;
        if (qos == MqttQos.ExactlyOnce && _received.Contains(packetId)) return false;
        _unacknowledged[packetId] = qos;
        return true;
    }

    /// <summary>Its owner is done with it.</summary>
    /// <returns>What it was delivered with; null: nothing of that identifier waits.</returns>
    public MqttQos? Acknowledge(ushort packetId)
    {
        if (!_unacknowledged.Remove(packetId, out var qos)) return null;
        if (qos == MqttQos.ExactlyOnce) _received.Add(packetId);
        return qos;
    }

    /// <summary>PUBREL came.</summary>
    /// <returns>False when there was nothing to release.</returns>
    public bool Release(ushort packetId) => _received.Remove(packetId);
}
