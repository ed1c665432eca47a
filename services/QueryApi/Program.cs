using Tally.QueryApi;
using Tally.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddQueryApi();

var app = builder.Build();
app.MapHealthEndpoints();
app.MapQueryApi();
await app.RunAsync();
