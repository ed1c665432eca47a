using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tally.Mqtt;

namespace Tally.ServiceDefaults;

/// <summary>
/// Where the broker is: <c>ConnectionStrings:mqtt</c>, as Aspire gives it; and what else it takes to get there: <see cref="ServiceDefaults.MqttSettings"/>.
/// </summary>
public static class MqttRegistration
{
    /// <summary>Adds <see cref="IMqttClientFactory"/> with the settings of <see cref="ServiceDefaults.MqttSettings"/>, unless one was registered before.</summary>
    public static IServiceCollection AddMqttClient(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(provider => configuration.MqttSettings().ApplyTo(new MqttClientFactory(provider.GetService<ILoggerFactory>())));
        return services;
    }

    /// <summary>The broker's address, looked at together with <see cref="MqttSettings"/>.</summary>
    /// <exception cref="OptionsValidationException">It is missing, or one of the two cannot be used; the message says what to set, and never shows a password.</exception>
    public static Uri BrokerAddress(this IConfiguration configuration)
    {
        const string Setting = "ConnectionStrings:mqtt";
        if (!MqttAddress.TryParse(configuration.GetConnectionString("mqtt"), out var address, out var problem))
            throw new OptionsValidationException(Setting, typeof(Uri), [$"{Setting} {problem} (environment ConnectionStrings__mqtt)."]);
        try
        {
            configuration.MqttSettings().Check(address);
            return address;
        }
        catch (ArgumentException error)
        {
            throw new OptionsValidationException(ServiceDefaults.MqttSettings.Section, typeof(MqttSettings), [$"{error.Message} (settings Mqtt:Tls:…, environment Mqtt__Tls__…)"]);
        }
    }

    /// <summary>The settings below <c>Mqtt</c>.</summary>
    /// <exception cref="ArgumentException">There is no such setting; names it.</exception>
    public static MqttSettings MqttSettings(this IConfiguration configuration) =>
        ServiceDefaults.MqttSettings.From(configuration.GetSection(ServiceDefaults.MqttSettings.Section).AsEnumerable(makePathsRelative: true));
}
