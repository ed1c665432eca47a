namespace Tally.AppHost.Infrastructure;

/// <summary>
/// Everything that a Mosquitto on this machine reads and writes, with the repository's own configuration: the clone
/// itself may be out of reach for the user it runs as.
/// </summary>
internal sealed class MosquittoDirectory
{
    private readonly string _directory;

    /// <param name="directory">The directory; made when it is not there.</param>
    /// <param name="port">Port on 127.0.0.1.</param>
    /// <param name="passwords">Password of each of <see cref="BrokerUsers.All"/>.</param>
    /// <param name="extraConfiguration">Lines that win over the repository's.</param>
    public MosquittoDirectory(string directory, int port, IReadOnlyDictionary<string, string> passwords, string? extraConfiguration = null)
    {
        _directory = directory;
        var (common, data, access, secrets) = (In("conf.d"), In("data"), In("tally.acl"), In("passwords"));
        Directory.CreateDirectory(common);
        Directory.CreateDirectory(data);
        var broker = Path.Combine(Repository.Root, "services", "Broker");
        File.Copy(Path.Combine(broker, "tally.conf"), Path.Combine(common, "tally.conf"), overwrite: true);
        File.Copy(Path.Combine(broker, "tally.acl"), access, overwrite: true);
        if (extraConfiguration is not null) File.WriteAllText(Path.Combine(common, "z-extra.conf"), extraConfiguration + "\n"); // read in the order of names
        SecretFile.Write(secrets, string.Concat(passwords.Select(user => BrokerUsers.PasswordLine(user.Key, user.Value) + "\n")));
        File.WriteAllText(In("mosquitto.conf"), $"""
            # Written by AppHost at every start; the rest stands in services/Broker/tally.conf.
            listener {port} 127.0.0.1
            password_file {secrets}
            acl_file {access}
            persistence_location {data}/
            include_dir {common}

            """);
        var user = SystemUser.InsteadOfRoot("mosquitto");
        if (user is not null) SystemUser.Give(directory, user);
        Program = ServerProgram.Of(SystemPrograms.Mosquitto(), user, directory, "-c", In("mosquitto.conf"));
    }

    /// <summary>How it is started.</summary>
    public ServerProgram Program { get; }

    /// <summary>What it keeps over a restart: sessions, their queues, retained messages.</summary>
    public string PersistenceFile => Path.Combine(In("data"), "mosquitto.db");

    private string In(string name) => Path.Combine(_directory, name);
}
