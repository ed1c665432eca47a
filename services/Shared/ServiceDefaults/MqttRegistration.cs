using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Tally.ServiceDefaults;

/// <summary>Where the broker is: <c>ConnectionStrings:mqtt</c>, as Aspire and AppHost's local mode both give it.</summary>
public static class MqttRegistration
{
    /// <summary>The broker's address, <c>mqtt://user:password@host:port</c>.</summary>
    /// <exception cref="OptionsValidationException">It is missing or is not such an address; the message says what to set.</exception>
    public static Uri BrokerAddress(this IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("mqtt");
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "mqtt" && uri.Host.Length > 0) return uri;
        throw new OptionsValidationException("ConnectionStrings:mqtt", typeof(Uri), [
            $"ConnectionStrings:mqtt is '{(string.IsNullOrEmpty(text) ? "" : "…")}': expected mqtt://user:password@host:port (environment ConnectionStrings__mqtt)."]);
    }
}
