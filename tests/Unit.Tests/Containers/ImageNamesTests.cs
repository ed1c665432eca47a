using System.Text.RegularExpressions;
using Shouldly;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Unit.Tests.Containers;

/// <summary>images.env is the one place with the tags of third-party images; what names them says the same.</summary>
public sealed partial class ImageNamesTests
{
    private static readonly string Dockerfile = Read("Dockerfile");
    private static readonly string Compose = Read("compose.yaml");
    private static readonly IReadOnlyDictionary<string, string> Images = ThirdPartyImages.OfRepository();

    [Fact]
    public void Every_third_party_image_has_a_registry_and_a_tag_that_is_not_latest()
    {
        string[] everywhere = ["POSTGRES_IMAGE", "MOSQUITTO_IMAGE", "DOTNET_SDK_IMAGE", "DOTNET_RUNTIME_IMAGE"];
        string[] inKubernetes = ["OTEL_COLLECTOR_IMAGE", "ASPIRE_DASHBOARD_IMAGE", "EMQX_IMAGE", "CLOUDNATIVE_PG_IMAGE"];
        Images.Keys.ShouldBe([.. everywhere, .. inKubernetes], ignoreOrder: true);
        Images.Values.ShouldAllBe(image => WholeName().IsMatch(image));
        Images.Values.ShouldAllBe(image => !image.Contains(":latest", StringComparison.Ordinal));
    }

    [Fact]
    public void The_Dockerfile_builds_and_runs_on_them()
    {
        var defaults = DockerfileDefault().Matches(Dockerfile).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        defaults.ShouldBe(Images.Where(image => image.Key.StartsWith("DOTNET_", StringComparison.Ordinal)).ToDictionary(), ignoreOrder: true);
        DockerfileFrom().Matches(Dockerfile).Select(match => match.Groups[1].Value).ShouldBe(["${DOTNET_SDK_IMAGE}", "${DOTNET_RUNTIME_IMAGE}"]);
    }

    [Fact]
    public void Compose_starts_them_and_the_images_that_scripts_build()
    {
        var version = ScriptVersion().Match(Read("scripts/images.sh")).Groups[1].Value;
        string[] ours = ["ingest", "ackresponder", "queryapi", "simulator"];
        ComposeImage().Matches(Compose).Select(match => match.Groups[1].Value).Distinct().ShouldBe(
            [Images["POSTGRES_IMAGE"], Images["MOSQUITTO_IMAGE"], .. ours.Select(name => $"tally/{name}:{version}")], ignoreOrder: true);
        Dockerfile.ShouldContain($"\nARG VERSION={version}\n");
    }

    [Fact]
    public void The_layer_of_packages_knows_every_project_of_the_services()
    {
        var services = Path.Combine(Repository.Root, "services");
        var projects = Directory.EnumerateFiles(services, "*.csproj", SearchOption.AllDirectories)
            .Select(project => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(project)!).Replace('\\', '/'));
        DockerfileProject().Matches(Dockerfile).Select(match => match.Groups[1].Value).ShouldBe(projects, ignoreOrder: true);
    }

    [Fact]
    public void Compose_asks_for_the_passwords_that_the_script_writes_and_brings_in_every_user_of_the_broker()
    {
        var written = SecretNames().Match(Read("scripts/secrets.sh")).Groups[1].Value.Split(' ');
        ComposePassword().Matches(Compose).Select(match => match.Groups[1].Value).Distinct().ShouldBe(written, ignoreOrder: true);

        var users = AclUser().Matches(Read("services/Broker/tally.acl")).Select(match => match.Groups[1].Value).ToArray();
        ComposeUser().Matches(Compose).Where(match => string.Equals(match.Groups[1].Value, match.Groups[2].Value, StringComparison.OrdinalIgnoreCase))
            .Select(match => match.Groups[1].Value).Distinct().ShouldBe(users, ignoreOrder: true);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"^[a-z0-9.]+\.[a-z]+/[a-z0-9./-]+:[a-z0-9.-]+(@sha256:[0-9a-f]{64})?$")]
    private static partial Regex WholeName();

    [GeneratedRegex(@"^ARG (DOTNET_\w+)=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex DockerfileDefault();

    [GeneratedRegex(@"^FROM (\S+)", RegexOptions.Multiline)]
    private static partial Regex DockerfileFrom();

    [GeneratedRegex(@"^COPY (services/\S+)/\*\.csproj \1/$", RegexOptions.Multiline)]
    private static partial Regex DockerfileProject();

    [GeneratedRegex(@"^ +image: (\S+)", RegexOptions.Multiline)]
    private static partial Regex ComposeImage();

    [GeneratedRegex(@"\$\{([A-Z]+)_PASSWORD\b")]
    private static partial Regex ComposePassword();

    [GeneratedRegex(@"\b([a-z]+):\$\{([A-Z]+)_PASSWORD\b")]
    private static partial Regex ComposeUser();

    [GeneratedRegex(@"^version=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex ScriptVersion();

    [GeneratedRegex(@"for name in ([A-Z ]+);")]
    private static partial Regex SecretNames();

    [GeneratedRegex(@"^user (\S+)$", RegexOptions.Multiline)]
    private static partial Regex AclUser();
}
