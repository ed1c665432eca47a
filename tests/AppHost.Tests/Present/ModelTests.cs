using System.Text.RegularExpressions;
using Shouldly;
using Tally.AppHost.Local;
using Xunit;

namespace Tally.AppHost.Tests;

public sealed partial class ModelTests
{
    private static readonly string[] Services = ["ingest", "ackresponder", "queryapi"];

    [Fact]
    public async Task There_is_everything_that_local_mode_has_and_nothing_else()
    {
        await using var model = await Model.MakeAsync();
        model.Resources.Where(resource => resource is ProjectResource or ContainerResource or PostgresDatabaseResource).Select(resource => resource.Name)
            .ShouldBe(["postgres", "telemetry", "mosquitto", "migrate", "ingest", "ackresponder", "queryapi", "simulator"], ignoreOrder: true);
    }

    [Fact]
    public async Task Each_password_is_a_secret_parameter_that_is_made_when_nobody_gives_it()
    {
        await using var model = await Model.MakeAsync();
        foreach (var user in BrokerUsers.All.Append("postgres"))
        {
            var password = model.Find<ParameterResource>($"{user}-password");
            password.Secret.ShouldBeTrue(user);
            password.Default.ShouldNotBeNull(user);
        }
    }

    [Theory]
    [InlineData("postgres", "POSTGRES_IMAGE", "/var/lib/postgresql/data")]
    [InlineData("mosquitto", "MOSQUITTO_IMAGE", "/mosquitto/data")]
    public async Task A_container_has_the_image_that_images_env_names_and_a_volume_for_its_data(string name, string variable, string directory)
    {
        await using var model = await Model.MakeAsync();
        var container = model.Find<ContainerResource>(name);
        var image = container.Annotations.OfType<ContainerImageAnnotation>().Single();
        var named = (await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "images.env"), TestContext.Current.CancellationToken))
            .Single(line => line.StartsWith(variable + "=", StringComparison.Ordinal))[(variable.Length + 1)..];
        named.ShouldStartWith($"{image.Registry}/{image.Image}:");
        (named.EndsWith($":{image.Tag}", StringComparison.Ordinal) || named.EndsWith($"@sha256:{image.SHA256}", StringComparison.Ordinal)).ShouldBeTrue(named);
        container.Annotations.OfType<ContainerMountAnnotation>().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            mount => mount.Type.ShouldBe(ContainerMountType.Volume),
            mount => mount.Source.ShouldNotBeNullOrEmpty(),
            mount => mount.Target.ShouldBe(directory));
    }

    [Fact]
    public async Task The_broker_has_the_files_of_the_repository_to_the_byte()
    {
        await using var model = await Model.MakeAsync();
        var files = model.Find<ContainerResource>("mosquitto").Annotations.OfType<ContainerFileSystemCallbackAnnotation>().ShouldHaveSingleItem();
        var items = await files.Callback(null!, TestContext.Current.CancellationToken);
        var broker = Path.Combine(Repository.Root, "services", "Broker");
        foreach (var (path, text) in Flatten(items))
        {
            var original = Directory.EnumerateFiles(broker, Path.GetFileName(path), SearchOption.AllDirectories).Single();
            text.ShouldBe(await File.ReadAllTextAsync(original, TestContext.Current.CancellationToken), path);
        }

        Flatten(items).Select(file => file.Path).ShouldBe(["mosquitto.conf", "start.sh", "passwords.sh", "tally.acl", "conf.d/tally.conf"], ignoreOrder: true);
    }

    [Fact]
    public async Task Everything_that_stays_up_has_a_health_check()
    {
        await using var model = await Model.MakeAsync();
        foreach (var name in Services)
            model.Find<ProjectResource>(name).Annotations.OfType<HealthCheckAnnotation>().ShouldHaveSingleItem().Key.ShouldContain("/health/ready");
        foreach (var name in (string[])["postgres", "mosquitto"])
            model.Find<ContainerResource>(name).Annotations.OfType<HealthCheckAnnotation>().ShouldNotBeEmpty(name);
    }

    [Fact]
    public async Task Nothing_starts_before_what_it_needs()
    {
        await using var model = await Model.MakeAsync();
        model.Find<PostgresDatabaseResource>("telemetry").DatabaseName.ShouldBe(LocalResources.Database);
        model.Find<ProjectResource>("migrate").Waits().ShouldContain(("telemetry", WaitType.WaitUntilHealthy));
        model.Find<ProjectResource>("ingest").Waits().ShouldContain(("migrate", WaitType.WaitForCompletion));
        model.Find<ProjectResource>("ingest").Waits().ShouldContain(("mosquitto", WaitType.WaitUntilHealthy));
        model.Find<ProjectResource>("ackresponder").Waits().ShouldContain(("mosquitto", WaitType.WaitUntilHealthy));
        model.Find<ProjectResource>("queryapi").Waits().ShouldContain(("migrate", WaitType.WaitForCompletion));
        foreach (var name in Services.Append("mosquitto")) model.Find<ProjectResource>("simulator").Waits().ShouldContain((name, WaitType.WaitUntilHealthy));
    }

    [Fact]
    public async Task A_service_has_no_variable_of_ours_that_local_mode_does_not_give_it()
    {
        await using var model = await Model.MakeAsync("--client", "builtin");
        using var local = await LocalVariables.MakeAsync();
        foreach (var name in Services.Append("migrate").Append("simulator"))
        {
            var ours = (await model.VariablesAsync(name)).Where(variable => Ours().IsMatch(variable.Key)).ToList();
            ours.ShouldNotBeEmpty(name);
            foreach (var (variable, value) in ours)
            {
                local.Of(name).Keys.ShouldContain(variable, name);
                if (variable == "ConnectionStrings__mqtt") UserOf(value).ShouldBe(UserOf(local.Of(name)[variable]), name);
            }
        }
    }

    [Fact]
    public async Task Without_an_option_there_is_one_Ingest_with_its_default_name()
    {
        await using var model = await Model.MakeAsync();
        (await model.VariablesAsync("ingest")).Keys.ShouldNotContain(key => key.StartsWith("Ingest__", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replicas_of_Ingest_share_the_messages_and_each_has_a_name_of_its_own()
    {
        await using var model = await Model.MakeAsync("--replicas", "3");
        model.Resources.ShouldNotContain(resource => resource.Name == "ingest");
        for (var number = 1; number <= 3; number++)
        {
            var variables = await model.VariablesAsync($"ingest-{number}");
            variables["Ingest__Instance"].ShouldBe($"ingest-{number}");
            variables["Ingest__SharedGroup"].ShouldBe("ingest");
            model.Find<ProjectResource>("simulator").Waits().ShouldContain(($"ingest-{number}", WaitType.WaitUntilHealthy));
        }
    }

    [Fact]
    public async Task The_simulator_starts_when_somebody_says_so_and_does_what_the_command_line_asks_for()
    {
        await using var model = await Model.MakeAsync("--messages", "5", "--devices", "2", "--rate", "7", "--qos", "0", "--stall-timeout", "9");
        var simulator = model.Find<ProjectResource>("simulator");
        simulator.Annotations.OfType<ExplicitStartupAnnotation>().ShouldHaveSingleItem();
        simulator.Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.DisplayName)
            .ShouldBe(["Publish 1,000,000", "Publish 10,000"], ignoreOrder: true);
        (await model.ArgumentsAsync("simulator"))
            .ShouldBe(["run", "--messages", "5", "--devices", "2", "--rate", "7", "--qos", "0", "--source", "synthetic", "--stall-timeout", "9"]);
    }

    [Fact]
    public async Task The_ledger_can_be_opened_from_the_dashboard()
    {
        await using var model = await Model.MakeAsync();
        model.Find<ProjectResource>("queryapi").Annotations.OfType<ResourceCommandAnnotation>().ShouldContain(command => command.DisplayName == "Open the ledger");
    }

    [GeneratedRegex("^(ConnectionStrings__|services__|Mqtt__|Ingest__|QueryApi__)")]
    private static partial Regex Ours();

    private static string UserOf(string address) => address[..address.IndexOf(':', "mqtt://".Length)];

    private static IEnumerable<(string Path, string? Text)> Flatten(IEnumerable<ContainerFileSystemItem> items) => items.SelectMany(item => item switch
    {
        ContainerDirectory directory => Flatten(directory.Entries).Select(file => ($"{directory.Name}/{file.Path}", file.Text)),
        ContainerFile file => [(file.Name, file.Contents)],
        _ => [(item.Name, null)],
    });
}
