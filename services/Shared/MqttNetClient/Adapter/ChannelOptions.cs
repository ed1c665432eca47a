using System.Net;
using System.Net.Sockets;
using MQTTnet;
using Tally.Mqtt;
using NetOptions = MQTTnet.MqttClientOptions;
using NetVersion = MQTTnet.Formatter.MqttProtocolVersion;

namespace Tally.MqttNetClient;

/// <summary>How MQTTnet is to reach the broker.</summary>
internal static class ChannelOptions
{
    /// <summary>Options for MQTTnet's low-level client, which looks at channel and version only.</summary>
    public static NetOptions Create(Tally.Mqtt.MqttClientOptions options, BrokerAddress broker, Tally.Mqtt.MqttProtocolVersion version) => new()
    {
        ProtocolVersion = version == Tally.Mqtt.MqttProtocolVersion.V500 ? NetVersion.V500 : NetVersion.V311,
        Timeout = options.ConnectTimeout,
        ChannelOptions = new MqttClientTcpOptions
        {
            RemoteEndpoint = new DnsEndPoint(broker.Host, broker.Port),
            // Its default resets the connection when it is closed, and a reset overtakes DISCONNECT.
            LingerState = new LingerOption(false, 0),
        },
    };
}
