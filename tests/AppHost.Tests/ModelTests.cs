using Shouldly;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.AppHost.Tests;

public sealed class ModelTests
{
    private static readonly string[] Services = ["ingest", "ackresponder", "queryapi"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_infrastructures_have_the_same_resources(bool containers)
    {
        await using var model = await Model.MakeAsync(containers);
        model.Resources.Where(resource => resource is ExecutableResource or ContainerResource).Select(resource => resource.Name)
            .ShouldBe(["postgres", "mosquitto", "migrate", "ingest", "ackresponder", "queryapi", "simulator"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_service_cannot_tell_which_infrastructure_it_is()
    {
        await using var local = await Model.MakeAsync(containers: false);
        await using var containers = await Model.MakeAsync(containers: true);
        foreach (var name in Services.Append("migrate").Append("simulator"))
        {
            var variables = await local.VariablesAsync(name);
            variables.ShouldNotBeEmpty(name);
            (await containers.VariablesAsync(name)).ShouldBe(variables, ignoreOrder: true, name);
            containers.WaitsOf(name).ShouldBe(local.WaitsOf(name), name);
        }
    }

    [Fact]
    public async Task Each_service_has_a_user_of_its_own_at_the_broker()
    {
        await using var model = await Model.MakeAsync(containers: false);
        foreach (var name in (string[])["ingest", "ackresponder", "simulator"])
            (await model.VariablesAsync(name))["ConnectionStrings__mqtt"].ShouldStartWith($"mqtt://{name}:", customMessage: name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_password_is_a_secret_parameter(bool containers)
    {
        await using var model = await Model.MakeAsync(containers);
        foreach (var user in Broker.Users.Append("tally")) model.Find<ParameterResource>($"{user}-password").Secret.ShouldBeTrue(user);
    }

    [Theory]
    [InlineData("postgres", "POSTGRES_IMAGE", "/var/lib/postgresql/data")]
    [InlineData("mosquitto", "MOSQUITTO_IMAGE", "/mosquitto/data")]
    public async Task A_container_has_the_image_that_images_env_names_and_a_volume_for_its_data(string name, string variable, string directory)
    {
        await using var model = await Model.MakeAsync(containers: true);
        var container = model.Find<ContainerResource>(name);
        var image = container.Annotations.OfType<ContainerImageAnnotation>().Single();
        var named = (await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "images.env"), TestContext.Current.CancellationToken))
            .Single(line => line.StartsWith(variable + "=", StringComparison.Ordinal))[(variable.Length + 1)..];
        named.ShouldStartWith($"{(image.Registry is null ? "" : image.Registry + "/")}{image.Image}:");
        (named.EndsWith($":{image.Tag}", StringComparison.Ordinal) || named.EndsWith($"@sha256:{image.SHA256}", StringComparison.Ordinal)).ShouldBeTrue(named);
        container.Annotations.OfType<ContainerMountAnnotation>().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            mount => mount.Type.ShouldBe(ContainerMountType.Volume),
            mount => mount.Source.ShouldNotBeNullOrEmpty(),
            mount => mount.Target.ShouldBe(directory));
    }

    [Fact]
    public async Task The_broker_in_a_container_has_the_files_of_the_repository_to_the_byte()
    {
        await using var model = await Model.MakeAsync(containers: true);
        var files = model.Find<ContainerResource>("mosquitto").Annotations.OfType<ContainerFileSystemCallbackAnnotation>().ShouldHaveSingleItem();
        var items = await files.Callback(null!, TestContext.Current.CancellationToken);
        var broker = Path.Combine(Repository.Root, "services", "Broker");
        foreach (var (path, text) in Flatten(items))
        {
            var original = Directory.EnumerateFiles(broker, Path.GetFileName(path), SearchOption.AllDirectories).Single();
            text.ShouldBe(await File.ReadAllTextAsync(original, TestContext.Current.CancellationToken), path);
        }

        Flatten(items).Select(file => file.Path).ShouldBe(["mosquitto.conf", "start.sh", "passwords.sh", "tally.acl", "keep.sh", "conf.d/tally.conf"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_that_stays_up_has_a_health_check_and_no_proxy_before_it(bool containers)
    {
        await using var model = await Model.MakeAsync(containers);
        foreach (var name in Services.Append("postgres").Append("mosquitto"))
        {
            model.Find<IResource>(name).Annotations.OfType<HealthCheckAnnotation>().ShouldNotBeEmpty(name);
            model.Find<IResource>(name).Annotations.OfType<EndpointAnnotation>().ShouldHaveSingleItem().IsProxied.ShouldBeFalse(name);
        }
    }

    [Fact]
    public async Task Nothing_starts_before_what_it_needs()
    {
        await using var model = await Model.MakeAsync(containers: false);
        model.WaitsOf("migrate").ShouldContain(("postgres", WaitType.WaitUntilHealthy));
        model.WaitsOf("ingest").ShouldContain(("migrate", WaitType.WaitForCompletion));
        model.WaitsOf("ingest").ShouldContain(("mosquitto", WaitType.WaitUntilHealthy));
        model.WaitsOf("ackresponder").ShouldContain(("mosquitto", WaitType.WaitUntilHealthy));
        model.WaitsOf("queryapi").ShouldContain(("migrate", WaitType.WaitForCompletion));
        foreach (var name in Services.Append("mosquitto")) model.WaitsOf("simulator").ShouldContain((name, WaitType.WaitUntilHealthy));
    }

    [Fact]
    public async Task Without_an_option_there_is_one_Ingest_with_its_default_name()
    {
        await using var model = await Model.MakeAsync(containers: false);
        (await model.VariablesAsync("ingest")).Keys.ShouldNotContain(key => key.StartsWith("Ingest__", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replicas_of_Ingest_share_the_messages_and_each_has_a_name_of_its_own()
    {
        await using var model = await Model.MakeAsync(containers: false, "--replicas", "3");
        model.Resources.ShouldNotContain(resource => resource.Name == "ingest");
        for (var number = 1; number <= 3; number++)
        {
            var variables = await model.VariablesAsync($"ingest-{number}");
            variables["Ingest__Instance"].ShouldBe($"ingest-{number}");
            variables["Ingest__SharedGroup"].ShouldBe("ingest");
            model.WaitsOf("simulator").ShouldContain(($"ingest-{number}", WaitType.WaitUntilHealthy));
        }
    }

    [Fact]
    public async Task Without_a_dashboard_no_service_exports_telemetry()
    {
        await using var model = await Model.MakeAsync(containers: false);
        foreach (var name in Services.Append("simulator"))
            (await model.VariablesAsync(name)).Keys.ShouldNotContain(key => key.StartsWith("OTEL_EXPORTER_", StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task The_simulator_starts_when_somebody_says_so_and_does_what_the_command_line_asks_for()
    {
        await using var model = await Model.MakeAsync(containers: false, "--messages", "5", "--devices", "2", "--rate", "7", "--qos", "0", "--stall-timeout", "9");
        var simulator = model.Find<ExecutableResource>("simulator");
        simulator.Annotations.OfType<ExplicitStartupAnnotation>().ShouldHaveSingleItem();
        simulator.Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.DisplayName)
            .ShouldBe(["Publish 1,000,000", "Publish 10,000"], ignoreOrder: true);
        (await model.ArgumentsAsync("simulator")).Skip(1) // its program
            .ShouldBe(["run", "--messages", "5", "--devices", "2", "--rate", "7", "--qos", "0", "--source", "synthetic", "--stall-timeout", "9"]);
    }

    private static IEnumerable<(string Path, string? Text)> Flatten(IEnumerable<ContainerFileSystemItem> items) => items.SelectMany(item => item switch
    {
        ContainerDirectory directory => Flatten(directory.Entries).Select(file => ($"{directory.Name}/{file.Path}", file.Text)),
        ContainerFile file => [(file.Name, file.Contents)],
        _ => [(item.Name, null)],
    });
}
