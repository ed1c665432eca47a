using Npgsql;
using Tally.Storage;

namespace Tally.QueryApi.Database;

/// <summary>The database, as few people who look at a page need it.</summary>
internal static class DatabaseRegistration
{
    /// <summary>Connections for a page that a few people watch; the writer needs the rest of the server's hundred.</summary>
    private const int MostConnections = 16;

    public static NpgsqlDataSource CreateDataSource(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<QueryApiOptions>(); // before the connection string, which is checked with them
        var settings = new NpgsqlConnectionStringBuilder(provider.GetRequiredService<IConfiguration>().TelemetryConnectionString());
        if (!settings.ShouldSerialize("Command Timeout"))
            settings.CommandTimeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds);

        // No logger: what goes wrong is said once by DatabaseWatch, and every query twice a second would be a line.
        return StorageRegistration.CreateDataSource(settings.ConnectionString, "tally-queryapi", MostConnections);
    }
}
