using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using Tally.QueryApi.Apis;
using Tally.QueryApi.Database;
using Tally.QueryApi.Events;
using Tally.ServiceDefaults;
using Tally.Storage;
using Tally.Storage.Queries;

namespace Tally.QueryApi;

/// <summary>What QueryApi is made of.</summary>
internal static class QueryApiServices
{
    /// <summary>Adds the queries, the API and what guards them.</summary>
    public static WebApplicationBuilder AddQueryApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddCheckedOptions<QueryApiOptions>("QueryApi");
        services.AddSingleton<IValidateOptions<QueryApiOptions>, ConnectionStringCheck>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

        services.AddSingleton(DatabaseRegistration.CreateDataSource);
        services.AddSingleton(provider => new DatabaseProbe(
            provider.GetRequiredService<NpgsqlDataSource>(),
            new StorageOptions { ProbeTimeout = provider.GetRequiredService<QueryApiOptions>().QueryTimeout }));
        services.AddSingleton<RunQueries>();
        services.AddSingleton<DeviceQueries>();
        services.AddSingleton(provider =>
            new LedgerQueries(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<QueryApiOptions>().LedgerTimeout));
        services.AddSingleton(provider =>
            new SharedQuery<RunLedger?>(provider.GetRequiredService<LedgerQueries>().FindAsync, provider.GetRequiredService<QueryApiOptions>().LedgersAtOnce));
        services.AddSingleton<RunEvents>();

        services.AddHostedService<DatabaseWatch>();
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", tags: [Extensions.ReadyTag]);

        services.AddProblemDetails();
        services.AddExceptionHandler<DatabaseAwayHandler>();
        services.AddExceptionHandler<BadRequestHandler>();
        services.AddValidation();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true); // so that BadRequestHandler can say why
        services.Configure<JsonOptions>(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, QueryApiJson.Default);
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict; // else OpenAPI calls each number a text too
        });
        services.AddOpenApi(options => OpenApiDescription.Configure(options)); // a lambda: the generator that brings the docstrings knows no method group
        return builder;
    }

    /// <summary>Maps the API, its description and the page.</summary>
    public static WebApplication MapQueryApi(this WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UsePage();
        app.MapRuns();
        app.MapDevices();
        app.MapOpenApi();
        return app;
    }
}
