using System.Net;
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

    /// <summary>Time for an answer. Docker's own limit (Dockerfile) is 5 s, after which the reason would not be said.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Asks <c>/health/ready</c> where the environment says that the service listens, and prints what it answers.</summary>
    /// <returns>Exit status: 0 ready, 1 not.</returns>
    public static Task<int> RunAsync() => RunAsync(Environment.GetEnvironmentVariable, Console.Out);

    /// <summary>The same with a given environment and output.</summary>
    internal static async Task<int> RunAsync(Func<string, string?> environment, TextWriter output)
    {
        try
        {
            var address = ReadyAddress(environment);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = AnswerTimeout };
            using var answer = await http.GetAsync(address);
            await output.WriteLineAsync((await answer.Content.ReadAsStringAsync()).TrimEnd());
            return answer.StatusCode == HttpStatusCode.OK ? 0 : 1;
        }
        catch (Exception error) when (error is HttpRequestException or FormatException)
        {
            await output.WriteLineAsync(error.Message); // names the address
            return 1;
        }
        catch (TaskCanceledException)
        {
            await output.WriteLineAsync($"The service does not answer within {AnswerTimeout.TotalSeconds:N0} s.");
            return 1;
        }
    }

    /// <summary>Where to ask: the first plain address that ASP.NET Core is told to listen on by environment.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    internal static Uri ReadyAddress(Func<string, string?> environment)
    {
        const string Urls = "ASPNETCORE_URLS", Ports = "ASPNETCORE_HTTP_PORTS";
        var addresses = Values(Urls);
        if (addresses.Length == 0) addresses = Array.ConvertAll(Values(Ports), port => $"http://*:{port}");
        var plain = Array.Find(addresses, address => address.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"{Urls} is '{environment(Urls)}', {Ports} is '{environment(Ports)}': expected an address http://host:port or a port, where the service can be asked.");

        // A name or a wildcard in its place means every address (BindingAddress), so this one too.
        var binding = BindingAddress.Parse(plain);
        var host = IPAddress.TryParse(binding.Host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any) ? binding.Host : "127.0.0.1";
        return new Uri($"http://{host}:{binding.Port}{Extensions.HealthPath}ready");

        string[] Values(string variable) =>
            environment(variable)?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
    }
}
