using System.Collections;
using System.Text.RegularExpressions;
using Tally.Mqtt;

namespace Tally.ServiceDefaults;

/// <summary>
/// What configuration says about the way to the broker beside its address, for every service and the simulator: <c>Mqtt:UserName</c>,
/// <c>Mqtt:Password</c> (environment <c>Mqtt__Password</c>), and <c>Mqtt:Tls:</c> with <c>CaFile</c>, <c>CertificateFile</c>,
/// <c>KeyFile</c>, <c>KeyPassword</c>, <c>ServerName</c> and <c>AlpnProtocols</c> (one, several with commas between them, or
/// <c>AlpnProtocols:0</c>, <c>:1</c>, …), which are those of <see cref="MqttTls"/>. An empty value counts as none.
/// </summary>
public sealed partial record MqttSettings
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Mqtt";

    private const string TlsPrefix = "Tls:";
    private const string Allowed = "CaFile, CertificateFile, KeyFile, KeyPassword, ServerName, AlpnProtocols";

    /// <summary>User name beside the address; wins over the one in it.</summary>
    public string? UserName { get; private init; }

    /// <summary>Password beside the address; wins over the one in it. Never logged.</summary>
    public string? Password { get; private init; }

    /// <summary>How to speak TLS; null: nothing is set.</summary>
    public MqttTls? Tls { get; private init; }

    /// <summary>Takes them out of the section.</summary>
    /// <param name="settings">All settings in it, with keys relative to it: <c>Tls:CaFile</c>. What is not named above is left to others, but not below <c>Tls</c>.</param>
    /// <exception cref="ArgumentException">There is no such setting below <c>Tls</c>; names it and those that there are.</exception>
    public static MqttSettings From(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var values = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in settings)
        {
            if (!string.IsNullOrEmpty(value)) values[key] = value;
        }

        if (values.Keys.FirstOrDefault(key => key.StartsWith(TlsPrefix, StringComparison.OrdinalIgnoreCase) && !KnownTls().IsMatch(key)) is { } unknown)
            throw new ArgumentException($"{Section}:{unknown} is no setting; below {Section}:Tls there are {Allowed} (environment {Section}__Tls__…)");
        var tls = new MqttTls
        {
            CaFile = values.GetValueOrDefault("Tls:CaFile"),
            CertificateFile = values.GetValueOrDefault("Tls:CertificateFile"),
            KeyFile = values.GetValueOrDefault("Tls:KeyFile"),
            KeyPassword = values.GetValueOrDefault("Tls:KeyPassword"),
            ServerName = values.GetValueOrDefault("Tls:ServerName"),
            AlpnProtocols =
            [
                .. values.Where(setting => setting.Key.StartsWith("Tls:AlpnProtocols", StringComparison.OrdinalIgnoreCase))
                    .SelectMany(setting => setting.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
            ],
        };
        return new MqttSettings
        {
            UserName = values.GetValueOrDefault("UserName"),
            Password = values.GetValueOrDefault("Password"),
            Tls = values.Keys.Any(key => key.StartsWith(TlsPrefix, StringComparison.OrdinalIgnoreCase)) ? tls : null,
        };
    }

    /// <summary>Takes them out of the environment, as a program without configuration of its own does.</summary>
    /// <exception cref="ArgumentException">As <see cref="From"/>.</exception>
    public static MqttSettings FromEnvironment()
    {
        const string Prefix = Section + "__";
        return From(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => (Name: (string)variable.Key, Value: variable.Value as string))
            .Where(variable => variable.Name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .Select(variable => KeyValuePair.Create(variable.Name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal), variable.Value)));
    }

    /// <summary>The options with these settings where they have none of their own.</summary>
    public MqttClientOptions ApplyTo(MqttClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { UserName = options.UserName ?? UserName, Password = options.Password ?? Password, Tls = options.Tls ?? Tls };
    }

    /// <summary>Looks at them together with the address, as making a client does.</summary>
    /// <exception cref="ArgumentException">They cannot be used; names the setting, its value and the way out.</exception>
    public void Check(Uri broker) => ApplyTo(new MqttClientOptions { Broker = broker, ClientId = "" }).Check();

    /// <summary>Clients of that factory, with these settings.</summary>
    public IMqttClientFactory ApplyTo(IMqttClientFactory clients) => new Factory(clients, this);

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(MqttSettings)} {{ UserName = {UserName}, Tls = {Tls} }}";

    [GeneratedRegex("^Tls:(CaFile|CertificateFile|KeyFile|KeyPassword|ServerName|AlpnProtocols(:[0-9]+)?)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex KnownTls();

    private sealed class Factory(IMqttClientFactory inner, MqttSettings settings) : IMqttClientFactory
    {
        public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) => inner.Create(settings.ApplyTo(options), handler);
    }
}
