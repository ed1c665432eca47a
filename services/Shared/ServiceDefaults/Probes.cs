using System.Net.Sockets;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;

namespace Tally.ServiceDefaults;

/// <summary>Asks from outside whether a part of Tally is ready. Each answers what is missing, in words; null: nothing.</summary>
public static class Probes
{
    // One that is ready answers within milliseconds; a service's own checks of broker and database have shorter limits.
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>What a service says at <c>/health/ready</c>.</summary>
    /// <param name="service">Address of the service.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public static async Task<string?> ServiceAsync(Uri service, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(service, Extensions.HealthPath + "ready"), cancellationToken);
            return answer.IsSuccessStatusCode ? null : (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim().ReplaceLineEndings("; ");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return $"it does not answer: {error.Message}";
        }
    }

    /// <summary>Whether a broker on 127.0.0.1 lets a user in: a real CONNECT, to which CONNACK says yes (MQTT 3.1.1, 3.2). An open port says little.</summary>
    /// <param name="port">Its port.</param>
    /// <param name="user">User name.</param>
    /// <param name="password">Password.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public static async Task<string?> BrokerAsync(int port, string user, string password, CancellationToken cancellationToken)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithCredentials(user, password)
            .WithProtocolVersion(MqttProtocolVersion.V311).WithTimeout(TimeSpan.FromSeconds(2)).Build();
        try
        {
            await client.ConnectAsync(options, cancellationToken);
            await client.DisconnectAsync(cancellationToken: cancellationToken);
            return null;
        }
        catch (Exception error) when (error is MqttCommunicationException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return $"it does not let a user in: {error.Message}";
        }
    }

    /// <summary>Whether somebody listens at an address.</summary>
    /// <param name="address">Host and port.</param>
    /// <param name="timeout">How long an answer may take.</param>
    public static async Task<string?> ListenerAsync(Uri address, TimeSpan timeout)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host, address.Port).WaitAsync(timeout);
            return null;
        }
        catch (Exception error) when (error is SocketException or TimeoutException)
        {
            return $"nobody answers: {error.Message}";
        }
    }
}
