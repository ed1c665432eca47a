using Npgsql;
using Tally.QueryApi;
using Tally.ServiceDefaults;

if (args is [HealthVerb.Name]) return HealthVerb.Run();

return await ServiceHost.RunAsync(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddServiceDefaults(traces => traces.AddNpgsql()); // queries are few here, and belong to their requests
    builder.AddQueryApi();

    var app = builder.Build();
    app.MapHealthEndpoints();
    app.MapQueryApi();
    return app;
});
