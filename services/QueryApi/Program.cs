using Tally.QueryApi;
using Tally.ServiceDefaults;

return await ServiceHost.RunAsync(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddServiceDefaults();
    builder.AddQueryApi();

    var app = builder.Build();
    app.MapHealthEndpoints();
    app.MapQueryApi();
    return app;
});
