using Tally.AckResponder;
using Tally.ServiceDefaults;

if (args is [HealthVerb.Name]) return HealthVerb.Run();

return await ServiceHost.RunAsync(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddServiceDefaults();
    builder.AddAckResponder();

    var app = builder.Build();
    app.MapHealthEndpoints();
    return app;
});
