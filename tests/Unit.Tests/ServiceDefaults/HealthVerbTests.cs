using System.Net;
using System.Net.Sockets;
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
    [InlineData("ASPNETCORE_HTTP_PORTS=8080", "127.0.0.1:8080")]
    [InlineData("ASPNETCORE_HTTP_PORTS=81;82", "127.0.0.1:81")]
    [InlineData("ASPNETCORE_URLS=http://+:5001", "127.0.0.1:5001")]
    [InlineData("ASPNETCORE_URLS=http://*", "127.0.0.1:80")]
    [InlineData("ASPNETCORE_URLS=http://0.0.0.0:5001", "127.0.0.1:5001")]
    [InlineData("ASPNETCORE_URLS=http://[::]:5001", "127.0.0.1:5001")]
    [InlineData("ASPNETCORE_URLS=http://localhost:5001", "127.0.0.1:5001")]
    [InlineData("ASPNETCORE_URLS=http://10.1.2.3:5001", "10.1.2.3:5001")]
    [InlineData("ASPNETCORE_URLS=https://+:5000;http://+:5001 ASPNETCORE_HTTP_PORTS=8080", "127.0.0.1:5001")]
    public void It_asks_where_the_service_is_told_to_listen(string variables, string address) =>
        HealthVerb.Service(Environment(variables)).ShouldBe(IPEndPoint.Parse(address));

    [Theory]
    [InlineData("")]
    [InlineData("ASPNETCORE_URLS=https://+:5000")]
    [InlineData("ASPNETCORE_HTTP_PORTS=eighty")]
    public void Nowhere_to_ask_is_not_ready_and_one_line(string variables)
    {
        var (status, said) = Ask(variables);
        status.ShouldBe(1);
        said.ShouldNotBeEmpty();
        said.ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_service_that_is_ready_is_healthy()
    {
        await using var app = await ServiceAsync(HealthCheckResult.Healthy());
        Ask($"ASPNETCORE_URLS={app.Urls.Single()}").ShouldBe((0, "Healthy"));
    }

    [Fact]
    public async Task One_that_is_not_says_why()
    {
        await using var app = await ServiceAsync(HealthCheckResult.Unhealthy("the broker is away"));
        Ask($"ASPNETCORE_URLS={app.Urls.Single()}").ShouldBe((1, "Unhealthy\nsomething: the broker is away"));
    }

    [Fact]
    public async Task One_that_is_gone_is_not_healthy()
    {
        var app = await ServiceAsync(HealthCheckResult.Healthy());
        var url = app.Urls.Single();
        await app.DisposeAsync();
        var (status, said) = Ask($"ASPNETCORE_URLS={url}");
        status.ShouldBe(1);
        said.ShouldStartWith($"{new Uri(url).Authority}: ");
    }

    [Fact]
    public void One_that_does_not_answer_is_not_healthy()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Ask($"ASPNETCORE_URLS=http://{silent.LocalEndpoint} Health__AnswerTimeout=00:00:00.3").ShouldBe((1, $"{silent.LocalEndpoint}: no answer within 0.3 s"));
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    [InlineData("01:00:01")]
    public void A_time_that_is_none_is_named(string time) =>
        Ask($"ASPNETCORE_HTTP_PORTS=8080 Health__AnswerTimeout={time}").ShouldBe((1, $"Health__AnswerTimeout is '{time}': expected a time such as 00:00:03, an hour at most."));

    private static (int Status, string Said) Ask(string variables)
    {
        var said = new StringWriter();
        var status = HealthVerb.Run(Environment(variables), said);
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
