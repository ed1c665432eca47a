using Npgsql;
using Tally.Mqtt;
using Tally.ServiceDefaults;
using Tally.Storage;

namespace Tally.Ingest.Retiring;

/// <summary><c>Ingest retire --instance N</c>: takes an instance out for good (see <see cref="Retirement"/>), and ends.</summary>
internal static class RetireVerb
{
    /// <summary>Adds what the verb needs beside <see cref="IngestRegistration.AddIngest"/>, and instead of it.</summary>
    public static TBuilder AddRetire<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddCheckedOptions<RetireOptions>(RetireOptions.Section);
        services.AddSingleton<BorrowedSessions>();
        services.AddSingleton<Patience>();
        services.AddSingleton<Retirement>();
        services.AddSingleton(provider =>
        {
            var sessions = provider.GetRequiredService<BorrowedSessions>();
            return new IngestClients(
                provider.GetRequiredService<IMqttClientFactory>(), sessions.Delivery, sessions.Notices, [],
                provider.GetRequiredService<IngestOptions>(), builder.Configuration);
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning); // the verb's own line says it all
        builder.Logging.AddFilter("Tally.Mqtt", LogLevel.None); // "connecting again" is what this does not do
        return builder;
    }

    /// <summary>Retires.</summary>
    /// <param name="services">Services.</param>
    /// <param name="output">Gets the line that says what was done.</param>
    /// <param name="errors">Gets the line that says why not.</param>
    /// <param name="cancellationToken">Stops it; what is not drained yet waits on.</param>
    /// <returns>Exit status: 0 done, 3 not done.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        var instance = services.GetRequiredService<IngestOptions>().Instance;
        try
        {
            await output.WriteLineAsync(await services.GetRequiredService<Retirement>().RunAsync(cancellationToken));
            return 0;
        }
        catch (Exception error) when (error is RetireException or MqttException)
        {
            await errors.WriteLineAsync($"Ingest: '{instance}' is not retired: {error.Message}");
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            var line = DatabaseErrors.Explain(error, services.GetRequiredService<NpgsqlDataSource>().ConnectionString);
            await errors.WriteLineAsync($"Ingest: '{instance}' is not retired: {line} (nothing is lost; retire it again)");
        }

        return ExitStatus.Environment;
    }
}
