using System.Security.Cryptography;
using System.Text;
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

    /// <summary>
    /// A client identifier that is the same in every life, and that nobody can guess who does not know the broker's password: whoever connects under
    /// another's identifier takes its session (MQTT 5, 3.1.4). Made slowly (PBKDF2), since broker logs show it. Without a password it is the name.
    /// </summary>
    public static string SecretClientId(this IConfiguration configuration, string name)
    {
        var address = configuration.BrokerAddress();
        var settings = configuration.MqttSettings();
        var (user, password) = address.UserInfo.Split(':', 2) is [var first, var second] ? (first, second) : (address.UserInfo, "");
        password = settings.Password ?? password;
        if (password.Length == 0) return name;
        var key = Rfc2898DeriveBytes.Pbkdf2(Uri.UnescapeDataString(password), Encoding.UTF8.GetBytes($"{settings.UserName ?? user}/{name}"), 100_000, HashAlgorithmName.SHA256, 16);
        return $"{name}-{Convert.ToHexStringLower(key)}";
    }

    /// <summary>The settings below <c>Mqtt</c>.</summary>
    /// <exception cref="ArgumentException">There is no such setting; names it.</exception>
    public static MqttSettings MqttSettings(this IConfiguration configuration) =>
        ServiceDefaults.MqttSettings.From(configuration.GetSection(ServiceDefaults.MqttSettings.Section).AsEnumerable(makePathsRelative: true));
}
