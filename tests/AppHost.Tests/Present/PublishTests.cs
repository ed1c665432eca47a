using Shouldly;
using Tally.AppHost.Local;
using Tally.Testing;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>What <c>aspire publish</c> writes.</summary>
public sealed class PublishTests : IDisposable
{
    private const string Password = "this-is-nobodys-password";

    private readonly string _directory = TestDirectory.Make("publish");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_Compose_file_has_every_resource_but_the_simulator_and_no_password()
    {
        var cancel = TestContext.Current.CancellationToken;
        string[] secrets = [.. BrokerUsers.All.Append("postgres").Select(user => $"--Parameters:{user}-password={Password}")];
        await using (var model = await Model.MakeAsync(["--operation", "publish", "--step", "publish", "--output-path", _directory, .. secrets]))
        await using (var app = await model.BuildAsync(cancel))
        {
            await app.RunAsync(cancel);
        }

        var compose = await File.ReadAllTextAsync(Path.Combine(_directory, "docker-compose.yaml"), cancel);
        foreach (var service in (string[])["postgres:", "mosquitto:", "migrate:", "ingest:", "ackresponder:", "queryapi:"]) compose.ShouldContain($"\n  {service}");
        compose.ShouldNotContain("\n  simulator:");
        foreach (var file in Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories))
            (await File.ReadAllTextAsync(file, cancel)).ShouldNotContain(Password, customMessage: file);

        compose.ShouldContain("POSTGRES_DB: \"telemetry\"");
        compose.ShouldContain("- \"8080:${QUERYAPI_PORT}\"");

        // What a Compose file would take for a variable is escaped: the broker's ACL names $SYS.
        compose.ShouldContain("$$SYS/broker");
        compose.Replace("$$", "", StringComparison.Ordinal).ShouldNotContain("$SYS");
    }
}
