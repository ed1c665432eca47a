using Tally.Ingest;
using Tally.Ingest.Retiring;
using Tally.ServiceDefaults;

if (args is [HealthVerb.Name]) return HealthVerb.Run();

return await IngestCommand.RunAsync(args, Console.Error, async (verb, settings) =>
{
    var builder = WebApplication.CreateBuilder(settings);
    builder.AddServiceDefaults();
    builder.AddIngest();
    if (verb == IngestCommand.Retire) builder.AddRetire();

    var app = builder.Build();
    app.MapHealthEndpoints();
    return verb switch
    {
        IngestCommand.Migrate => await app.MigrateAsync(),
        IngestCommand.Retire => await app.RetireAsync(),
        _ => await app.RunIngestAsync(),
    };
});
