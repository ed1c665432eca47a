using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Tally.Mqtt;

/// <summary>Registers the built-in client.</summary>
public static class MqttServiceCollectionExtensions
{
    /// <summary>Adds <see cref="IMqttClientFactory"/>, unless another client was registered before.</summary>
    public static IServiceCollection AddMqttClient(this IServiceCollection services)
    {
        services.TryAddSingleton<IMqttClientFactory>(provider => new MqttClientFactory(provider.GetService<ILoggerFactory>()));
        return services;
    }
}
