namespace Tally.Testing;

/// <summary>Mosquitto with the repository's configuration, users and ACL, to be broken: a process, or a container.</summary>
public interface IMosquitto : ITestBroker
{
    /// <summary>Stops it in an orderly way: what it remembers is on disk then.</summary>
    Task StopAsync();

    /// <summary>Kills it: it forgets what it has not written.</summary>
    Task KillAsync();

    /// <summary>Starts it again on the same port.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <param name="forget">Without its persistence file: no session, no queue, no retained message.</param>
    Task StartAgainAsync(CancellationToken cancellationToken, bool forget = false);
}
