using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Shouldly;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

public sealed class HealthVerbTests
{
    [Theory]
    [InlineData("ASPNETCORE_HTTP_PORTS=8080", "http://127.0.0.1:8080/health/ready")]
    [InlineData("ASPNETCORE_HTTP_PORTS=81;82", "http://127.0.0.1:81/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://+:5001", "http://127.0.0.1:5001/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://*", "http://127.0.0.1/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://0.0.0.0:5001", "http://127.0.0.1:5001/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://[::]:5001", "http://127.0.0.1:5001/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://localhost:5001", "http://127.0.0.1:5001/health/ready")]
    [InlineData("ASPNETCORE_URLS=http://10.1.2.3:5001", "http://10.1.2.3:5001/health/ready")]
    [InlineData("ASPNETCORE_URLS=https://+:5000;http://+:5001 ASPNETCORE_HTTP_PORTS=8080", "http://127.0.0.1:5001/health/ready")]
    public void It_asks_where_the_service_is_told_to_listen(string variables, string address) =>
        HealthVerb.ReadyAddress(Environment(variables)).ShouldBe(new Uri(address));

    [Theory]
    [InlineData("")]
    [InlineData("ASPNETCORE_URLS=https://+:5000")]
    [InlineData("ASPNETCORE_HTTP_PORTS=eighty")]
    public async Task Nowhere_to_ask_is_not_ready_and_one_line(string variables)
    {
        var said = new StringWriter();
        (await HealthVerb.RunAsync(Environment(variables), said)).ShouldBe(1);
        said.ToString().TrimEnd().ShouldNotBeEmpty();
        said.ToString().TrimEnd().ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_service_that_is_ready_is_healthy()
    {
        await using var app = await ServiceAsync(HealthCheckResult.Healthy());
        (await AskAsync(app)).ShouldBe((0, "Healthy"));
    }

    [Fact]
    public async Task One_that_is_not_says_why()
    {
        await using var app = await ServiceAsync(HealthCheckResult.Unhealthy("the broker is away"));
        (await AskAsync(app)).ShouldBe((1, "Unhealthy\nsomething: the broker is away"));
    }

    [Fact]
    public async Task One_that_is_gone_is_not_healthy()
    {
        var app = await ServiceAsync(HealthCheckResult.Healthy());
        var url = app.Urls.Single();
        await app.DisposeAsync();
        var said = new StringWriter();
        (await HealthVerb.RunAsync(Environment($"ASPNETCORE_URLS={url}"), said)).ShouldBe(1);
        said.ToString().ShouldContain(new Uri(url).Authority);
    }

    private static async Task<(int Status, string Said)> AskAsync(WebApplication app)
    {
        var said = new StringWriter();
        var status = await HealthVerb.RunAsync(Environment($"ASPNETCORE_URLS={app.Urls.Single()}"), said);
        return (status, said.ToString().TrimEnd());
    }

    private static async Task<WebApplication> ServiceAsync(HealthCheckResult result)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.Services.AddHealthChecks().AddCheck("something", () => result, [Extensions.ReadyTag]);
        var app = builder.Build();
        app.MapHealthEndpoints();
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();
        return app;
    }

    private static Func<string, string?> Environment(string variables)
    {
        var pairs = Settings.Pairs(variables).ToDictionary();
        return name => pairs.GetValueOrDefault(name);
    }
}
