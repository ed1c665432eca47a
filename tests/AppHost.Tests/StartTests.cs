using System.Text.Json;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Tally.AppHost.Infrastructure;
using Tally.Testing;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>AppHost's own program, started by Aspire's testing host.</summary>
public sealed class StartTests : IDisposable
{
    // Two images may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    // Ten thousand readings take a few seconds.
    private static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(1);

    private readonly string _data = TestDirectory.Make("start");

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("local")]
    [InlineData("containers")]
    public async Task It_starts_and_a_run_from_the_dashboard_is_balanced(string infra)
    {
        var cancel = TestContext.Current.CancellationToken;
        var reason = infra == "containers" ? await ContainerEngine.WhyNotAsync(cancel) : null;
        Assert.SkipWhen(reason is not null, $"Nothing can be started in containers: {reason}.");

        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--no-run", "--no-dashboard", "--infra", infra, "--data", _data], cancel);
        await using var app = await builder.BuildAsync(cancel);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        starting.CancelAfter(StartTimeout);
        await app.StartAsync(starting.Token);
        foreach (var name in (string[])["mosquitto", "postgres", "ingest", "ackresponder", "queryapi"])
            await app.ResourceNotifications.WaitForResourceHealthyAsync(name, starting.Token);

        using var running = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        running.CancelAfter(RunTimeout);
        var commands = app.Services.GetRequiredService<ResourceCommandService>();
        (await commands.ExecuteCommandAsync("simulator", "publish-10000", running.Token)).Success.ShouldBeTrue();
        var ended = await app.ResourceNotifications.WaitForResourceAsync("simulator", change => change.Snapshot.ExitCode is not null, running.Token);
        ended.Snapshot.ExitCode.ShouldBe(0);

        using var http = app.CreateHttpClient("queryapi");
        var run = JsonDocument.Parse(await http.GetStringAsync(new Uri("/api/runs", UriKind.Relative), cancel)).RootElement.GetProperty("runs")[0].GetProperty("run").GetString();
        var ledger = JsonDocument.Parse(await http.GetStringAsync(new Uri($"/api/runs/{run}/ledger", UriKind.Relative), cancel)).RootElement;
        ledger.ToString().ShouldContain("10000");
    }
}
