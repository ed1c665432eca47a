using Tally.Ingest;
using Tally.ServiceDefaults;

return await IngestCommand.RunAsync(args, Console.Error, async (verb, settings) =>
{
    var builder = WebApplication.CreateBuilder(settings);
    builder.AddServiceDefaults();
    builder.AddIngest();

    var app = builder.Build();
    app.MapHealthEndpoints();
    return verb == IngestCommand.Migrate ? await app.MigrateAsync() : await app.RunIngestAsync();
});
