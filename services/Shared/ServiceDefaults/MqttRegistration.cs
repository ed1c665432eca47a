using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tally.Mqtt;
using Tally.MqttNetClient;

namespace Tally.ServiceDefaults;

/// <summary>Where the broker is (<c>ConnectionStrings:mqtt</c>, as Aspire and AppHost's local mode both give it) and which client speaks to it (<c>Mqtt:Client</c>).</summary>
public static class MqttRegistration
{
    private const string ClientKey = "Mqtt:Client";

    /// <summary>Adds <see cref="IMqttClientFactory"/> for the client that <c>Mqtt:Client</c> names (builtin, the default, or MQTTnet), unless one was registered before.</summary>
    /// <exception cref="OptionsValidationException">There is no such client in this build; the message says what to do.</exception>
    public static IServiceCollection AddMqttClient(this IServiceCollection services, IConfiguration configuration)
    {
        var name = configuration[ClientKey];
        if (MqttClientChoice.WhyNot(name, ClientKey) is { } reason) throw new OptionsValidationException(ClientKey, typeof(string), [reason]);
        services.TryAddSingleton(provider => MqttClientChoice.Factory(name, provider.GetService<ILoggerFactory>()));
        return services;
    }

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
