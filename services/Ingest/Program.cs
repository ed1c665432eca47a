using Tally.Ingest;
using Tally.ServiceDefaults;

if (args is [HealthVerb.Name]) return await HealthVerb.RunAsync();

return await IngestCommand.RunAsync(args, Console.Error, async (verb, settings) =>
{
    var builder = WebApplication.CreateBuilder(settings);
    builder.AddServiceDefaults();
    builder.AddIngest();

    var app = builder.Build();
    app.MapHealthEndpoints();
    return verb == IngestCommand.Migrate ? await app.MigrateAsync() : await app.RunIngestAsync();
});
