using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tally.ServiceDefaults;

/// <summary>
/// <c>health</c>, a verb of every service: asks the service that runs in the same container whether it is ready. An image without
/// shell and curl has nothing else to ask with. Kubernetes asks over HTTP and does not need it.
/// </summary>
public static class HealthVerb
{
    /// <summary>Its name.</summary>
    public const string Name = "health";

    private const string AnswerTimeout = "Health__AnswerTimeout";

    // Docker's own limit (Dockerfile) is 5 s, after which the reason would not be said.
    private static readonly TimeSpan DefaultAnswerTimeout = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Asks <c>/health/ready</c> where the environment says that the service listens, and prints what it answers. <c>Health__AnswerTimeout</c>
    /// (<c>hh:mm:ss</c>) is the time for it, 3 s by default.
    /// </summary>
    /// <returns>Exit status: 0 ready, 1 not.</returns>
    public static int Run() => Run(Environment.GetEnvironmentVariable, Console.Out);

    /// <summary>The same with a given environment and output.</summary>
    internal static int Run(Func<string, string?> environment, TextWriter output)
    {
        IPEndPoint? service = null;
        var timeout = DefaultAnswerTimeout;
        try
        {
            service = Service(environment);
            timeout = Timeout(environment);
            var answer = Ask(service, timeout);
            var body = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            output.WriteLine((body < 0 ? answer : answer[(body + 4)..]).TrimEnd());
            return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? 0 : 1;
        }
        catch (FormatException error)
        {
            output.WriteLine(error.Message);
            return 1;
        }
        catch (SocketException error)
        {
            output.WriteLine($"{service}: {(error.SocketErrorCode == SocketError.TimedOut ? $"no answer within {timeout.TotalSeconds} s" : error.Message)}");
            return 1;
        }
    }

    /// <summary>Where to ask: the first plain address that ASP.NET Core is told to listen on by environment.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    internal static IPEndPoint Service(Func<string, string?> environment)
    {
        const string Urls = "ASPNETCORE_URLS", Ports = "ASPNETCORE_HTTP_PORTS";
        var addresses = Values(Urls);
        if (addresses.Length == 0) addresses = Array.ConvertAll(Values(Ports), port => $"http://*:{port}");
        var plain = Array.Find(addresses, address => address.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"{Urls} is '{environment(Urls)}', {Ports} is '{environment(Ports)}': expected an address http://host:port or a port, where the service can be asked.");

        // A name or a wildcard in its place means every address (BindingAddress), so this one too.
        var binding = BindingAddress.Parse(plain);
        var isOne = IPAddress.TryParse(binding.Host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any);
        return new IPEndPoint(isOne ? ip! : IPAddress.Loopback, binding.Port);

        string[] Values(string variable) =>
            environment(variable)?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
    }

    private static TimeSpan Timeout(Func<string, string?> environment)
    {
        if (environment(AnswerTimeout) is not { Length: > 0 } text) return DefaultAnswerTimeout;
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var timeout) && timeout > TimeSpan.Zero && timeout <= TimeSpan.FromHours(1)
            ? timeout
            : throw new FormatException($"{AnswerTimeout} is '{text}': expected a time such as 00:00:03, an hour at most.");
    }

    // A socket and not HttpClient: an engine asks every few seconds for as long as the service lives, and each time a process begins. This costs it
    // 50 ms of processor time, with HttpClient 120. HTTP/1.0: the answer comes in one piece and ends with the connection.
    private static string Ask(IPEndPoint service, TimeSpan timeout)
    {
        using var socket = new Socket(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            SendTimeout = (int)timeout.TotalMilliseconds,
            ReceiveTimeout = (int)timeout.TotalMilliseconds,
        };
        socket.Connect(service);
        socket.Send(Encoding.ASCII.GetBytes($"GET {Extensions.HealthPath}ready HTTP/1.0\r\nHost: {service}\r\n\r\n"));

        var answer = new byte[16 * 1024]; // a line for each check that says no
        var length = 0;
        while (length < answer.Length && socket.Receive(answer.AsSpan(length)) is > 0 and var read) length += read;
        return Encoding.UTF8.GetString(answer, 0, length);
    }
}
