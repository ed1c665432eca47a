namespace Tally.Testing;

/// <summary>PostgreSQL, to be broken: a process, or a container.</summary>
public interface IPostgres : IAsyncDisposable
{
    /// <summary>Connection string of the database "postgres".</summary>
    string ConnectionString { get; }

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    Task<string> CreateDatabaseAsync(CancellationToken cancellationToken);

    /// <summary>Stops it in its fast way: connections are ended, nothing has to be recovered.</summary>
    Task StopAsync();

    /// <summary>Kills all its processes, as a power cut would.</summary>
    Task KillAsync();

    /// <summary>Starts it again on the same port and data.</summary>
    Task StartAgainAsync(CancellationToken cancellationToken);
}
