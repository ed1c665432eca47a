using Npgsql;

namespace Tally.QueryApi.Database;

/// <summary>Where the database is: <c>ConnectionStrings:telemetry</c>, as Aspire and AppHost's local mode both give it.</summary>
internal static class DatabaseRegistration
{
    /// <summary>Connections for a page that a few people watch; the writer needs the rest of the server's hundred.</summary>
    private const int MostConnections = 16;

    public static NpgsqlDataSource CreateDataSource(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<QueryApiOptions>();
        var text = provider.GetRequiredService<IConfiguration>().GetConnectionString("telemetry");
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Checked(text))
        {
            ApplicationName = "tally-queryapi",
            MaxPoolSize = MostConnections,
            Timeout = (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds),
            CommandTimeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds),
        });
    }

    private static string Checked(string? text)
    {
        const string Expected = "expected Host=…;Port=…;Database=…;Username=…;Password=… (environment ConnectionStrings__telemetry).";
        try
        {
            if (new NpgsqlConnectionStringBuilder(text ?? "").Host is { Length: > 0 }) return text!;
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"ConnectionStrings:telemetry cannot be read ({error.Message}): {Expected}", error);
        }

        throw new InvalidOperationException($"ConnectionStrings:telemetry names no host: {Expected}");
    }
}
