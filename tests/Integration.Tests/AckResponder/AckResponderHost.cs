using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tally.AckResponder;
using Tally.ServiceDefaults;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.AckResponder;

/// <summary>The service in this process, on a port of its own, put together as its Program does it.</summary>
internal sealed class AckResponderHost : IAsyncDisposable
{
    private readonly HttpClient _http;

    private AckResponderHost(WebApplication app)
    {
        App = app;
        _http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public WebApplication App { get; }

    public static async Task<AckResponderHost> StartAsync(Uri broker, params (string Key, string Value)[] options)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Tally.AckResponder" });
        builder.Configuration["ConnectionStrings:mqtt"] = broker.OriginalString;
        foreach (var (key, value) in options) builder.Configuration[key.Contains(':') ? key : $"{AckResponderOptions.Section}:{key}"] = value;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddAckResponder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapHealthEndpoints();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app);
    }

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using var response = await _http.GetAsync(path, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public Task UntilReadyAsync() => Eventually.UntilAsync(async () => (await GetAsync("/health/ready")).Status == HttpStatusCode.OK, "AckResponder to be ready");

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await App.DisposeAsync();
    }
}
