using Tally.Ingest;
using Tally.Ingest.Decoding;
using Tally.Ingest.Replaying;
using Tally.Ingest.Retiring;
using Tally.ServiceDefaults;

if (args is [HealthVerb.Name]) return HealthVerb.Run();

return await IngestCommand.RunAsync(args, Console.Error, async (verb, settings) =>
{
    var builder = WebApplication.CreateBuilder(settings);
    builder.AddServiceDefaults();
    builder.AddIngest();
    if (verb == IngestCommand.Retire) builder.AddRetire();
    if (verb == IngestCommand.Decode) builder.AddDecode();
    if (verb == IngestCommand.Replay) builder.AddReplay();

    var app = builder.Build();
    app.MapHealthEndpoints();
    return verb switch
    {
        IngestCommand.Migrate => await app.MigrateAsync(),
        IngestCommand.Retire => await app.RetireAsync(),
        IngestCommand.Decode => await app.DecodeAsync(),
        IngestCommand.Replay => await app.ReplayAsync(),
        _ => await app.RunIngestAsync(),
    };
});
