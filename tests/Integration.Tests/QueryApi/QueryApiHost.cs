using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Tally.QueryApi;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

/// <summary>The service in this process, on a port of its own, put together as its Program does it.</summary>
internal sealed class QueryApiHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private QueryApiHost(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<QueryApiHost> StartAsync(string connectionString, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Tally.QueryApi" });
        builder.Configuration["ConnectionStrings:telemetry"] = connectionString;
        builder.Configuration["QueryApi:DatabaseCheckInterval"] = "00:00:00.1";
        foreach (var (key, value) in settings) builder.Configuration[key] = value;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddQueryApi();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapHealthEndpoints();
        app.MapQueryApi();
        await app.StartAsync(Cancellation);
        return new(app);
    }

    /// <summary>The answer's JSON; anything but 200 fails the test with what it says.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await Client.GetAsync(path, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>The problem details that a request is answered with.</summary>
    public async Task<JsonElement> GetProblemAsync(string path, HttpStatusCode status)
    {
        using var response = await Client.GetAsync(path, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        response.StatusCode.ShouldBe(status, text);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>Status and text of <c>/health/ready</c>.</summary>
    public async Task<(HttpStatusCode Status, string Text)> ReadyAsync()
    {
        using var response = await Client.GetAsync("/health/ready", Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Stops the service, as SIGTERM does.</summary>
    public Task StopAsync() => _app.StopAsync(Cancellation);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
