using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Storage;

public sealed class StorageRegistrationTests
{
    [Theory]
    [InlineData(null, "ConnectionStrings:telemetry is missing")]
    [InlineData("  ", "ConnectionStrings:telemetry is missing")]
    [InlineData("Password=secret;Database=x", "ConnectionStrings:telemetry has no Host")]
    [InlineData("Host=x;Nonsense=secret", "ConnectionStrings:telemetry is invalid")]
    [InlineData("Host=x;Port=secret", "ConnectionStrings:telemetry is invalid")]
    [InlineData("postgres://user:secret@host/db", "ConnectionStrings:telemetry is invalid")]
    public void A_connection_string_that_cannot_be_used_is_told_with_the_way_out(string? text, string beginning)
    {
        var error = Should.Throw<InvalidOperationException>(() => Configured(text).TelemetryConnectionString());
        error.Message.ShouldStartWith(beginning);
        error.Message.ShouldContain("ConnectionStrings__telemetry");
        error.Message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task What_the_connection_string_says_goes_before_the_defaults()
    {
        await using var source = StorageRegistration.CreateDataSource("Host=x;Command Timeout=77;Application Name=mine", "tally-test", 3);
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        (settings.CommandTimeout, settings.ApplicationName, settings.MaxPoolSize, settings.Timeout).ShouldBe((77, "mine", 3, 5));
    }

    [Fact]
    public async Task Everything_of_the_store_can_be_had()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(Configured("Host=x")).AddStorage("tally-test");
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        provider.GetRequiredService<Catalog>().ShouldBeSameAs(provider.GetRequiredService<Catalog>());
        provider.GetRequiredService<PartitionKeeper>();
        provider.GetRequiredService<IngestLives>();
    }

    private static IConfiguration Configured(string? text) =>
        new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:telemetry", text)]).Build();
}
