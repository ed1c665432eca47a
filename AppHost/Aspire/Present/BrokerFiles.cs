using Tally.AppHost.Local;

namespace Tally.AppHost.Aspire;

/// <summary>The repository's own files of the broker, where its container expects them (services/Broker/container/mosquitto.conf says where). None is a secret.</summary>
internal static class BrokerFiles
{
    private static readonly string Folder = Path.Combine(Repository.Root, "services", "Broker");

    /// <summary>All of them.</summary>
    /// <param name="escaped">For a Compose file, which holds their text and would take <c>$SYS</c> for a variable.</param>
    public static IReadOnlyList<ContainerFileSystemItem> All(bool escaped) =>
    [
        Of("mosquitto.conf", escaped, "container"),
        Of("start.sh", escaped, "container"),
        Of("passwords.sh", escaped),
        Of("tally.acl", escaped),
        new ContainerDirectory { Name = "conf.d", Entries = [Of("tally.conf", escaped)] },
    ];

    private static ContainerFile Of(string name, bool escaped, string folder = "")
    {
        var text = File.ReadAllText(Path.Combine(Folder, folder, name));
        return new ContainerFile { Name = name, Contents = escaped ? text.Replace("$", "$$", StringComparison.Ordinal) : text };
    }
}
