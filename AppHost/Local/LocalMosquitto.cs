using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>
/// Mosquitto as a child, with the repository's own configuration. Its directory holds everything it reads: the clone
/// itself may be out of reach for the user it runs as.
/// </summary>
internal sealed class LocalMosquitto
{
    private readonly string _directory;
    private readonly int _port;
    private readonly IReadOnlyDictionary<string, string> _passwords;
    private readonly string? _user = SystemUser.InsteadOfRoot("mosquitto");

    /// <param name="directory">Its directory; made when it is not there.</param>
    /// <param name="port">Port on 127.0.0.1.</param>
    /// <param name="passwords">Password of each of <see cref="BrokerUsers.All"/>.</param>
    /// <param name="extraConfiguration">Lines that win over the repository's.</param>
    public LocalMosquitto(string directory, int port, IReadOnlyDictionary<string, string> passwords, string? extraConfiguration = null)
    {
        (_directory, _port, _passwords) = (directory, port, passwords);
        var program = Programs.Mosquitto();
        Command = new ChildCommand
        {
            Name = "mosquitto",
            Program = program.Path,
            Arguments = ["-c", Path.Combine(directory, "mosquitto.conf")],
            Environment = program.Environment,
            WorkingDirectory = directory,
            User = _user,
        };
        Write(extraConfiguration);
    }

    /// <summary>How it is started.</summary>
    public ChildCommand Command { get; }

    /// <summary>What it keeps over a restart: sessions, their queues, retained messages.</summary>
    public string PersistenceFile => Path.Combine(_directory, "data", "mosquitto.db");

    /// <summary>Address with user and password, as <c>ConnectionStrings:mqtt</c> takes it.</summary>
    public Uri AddressOf(string user) => new($"mqtt://{user}:{Uri.EscapeDataString(_passwords[user])}@127.0.0.1:{_port}");

    /// <summary>Whether it lets a user in.</summary>
    public Task<bool> IsReadyAsync(CancellationToken cancellationToken) =>
        MqttProbe.IsAcceptedAsync(_port, "viewer", _passwords["viewer"], cancellationToken);

    private void Write(string? extraConfiguration)
    {
        var common = Path.Combine(_directory, "conf.d");
        var data = Path.Combine(_directory, "data");
        Directory.CreateDirectory(common);
        Directory.CreateDirectory(data);
        var broker = Path.Combine(Repository.Root, "services", "Broker");
        File.Copy(Path.Combine(broker, "tally.conf"), Path.Combine(common, "tally.conf"), overwrite: true);
        File.Copy(Path.Combine(broker, "tally.acl"), Path.Combine(_directory, "tally.acl"), overwrite: true);
        if (extraConfiguration is not null) File.WriteAllText(Path.Combine(common, "z-extra.conf"), extraConfiguration + "\n"); // read in the order of names

        var passwords = Path.Combine(_directory, "passwords");
        SecretFile.Write(passwords, string.Concat(_passwords.Select(user => BrokerUsers.PasswordLine(user.Key, user.Value) + "\n")));
        File.WriteAllText(Path.Combine(_directory, "mosquitto.conf"), $"""
            # Written by AppHost at every start; the rest stands in services/Broker/tally.conf.
            listener {_port} 127.0.0.1
            password_file {passwords}
            acl_file {Path.Combine(_directory, "tally.acl")}
            persistence_location {data}/
            include_dir {common}

            """);
        if (_user is not null) SystemUser.Give(_directory, _user);
    }
}
