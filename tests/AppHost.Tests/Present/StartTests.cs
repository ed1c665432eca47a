using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Tally.AppHost.Aspire;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>Everything started by Aspire, with containers.</summary>
public sealed class StartTests
{
    // Two images may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    // Ten thousand readings take a few seconds.
    private static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task It_starts_and_a_run_from_the_dashboard_is_balanced()
    {
        var cancel = TestContext.Current.CancellationToken;
        var reason = await AspireMode.WhyNotHereAsync(cancel);
        Assert.SkipWhen(reason is not null, $"Aspire cannot start anything here: {reason}.");

        await using var model = await Model.MakeAsync();
        foreach (var container in model.Resources.OfType<ContainerResource>()) RemoveVolumes(container); // of this test alone, gone with it
        await using var app = await model.BuildAsync(cancel);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        starting.CancelAfter(StartTimeout);
        await app.StartAsync(starting.Token);
        foreach (var name in (string[])["mosquitto", "telemetry", "ingest", "ackresponder", "queryapi"])
            await app.ResourceNotifications.WaitForResourceHealthyAsync(name, starting.Token);

        using var running = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        running.CancelAfter(RunTimeout);
        var commands = app.Services.GetRequiredService<ResourceCommandService>();
        (await commands.ExecuteCommandAsync("simulator", "publish-10000", running.Token)).Success.ShouldBeTrue();
        var ended = await app.ResourceNotifications.WaitForResourceAsync(
            "simulator", change => change.Snapshot.ExitCode is not null, running.Token);
        ended.Snapshot.ExitCode.ShouldBe(0);

        var ledger = await commands.ExecuteCommandAsync("queryapi", "open-ledger", running.Token);
        ledger.Success.ShouldBeTrue(ledger.Message);
        ledger.Data!.Value.ShouldContain("10000");
        await app.StopAsync(cancel);
    }

    private static void RemoveVolumes(ContainerResource container)
    {
        foreach (var volume in container.Annotations.OfType<ContainerMountAnnotation>().ToList()) container.Annotations.Remove(volume);
    }
}
