using Shouldly;
using System.Text.RegularExpressions;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>The broker in the cluster is the repository's: limits, rights and users.</summary>
[Trait("Needs", "kubectl")]
public sealed partial class BrokerTests
{
    public static TheoryData<string> Overlays => Overlay.All;

    public static TheoryData<string> WithMosquitto => ["local", "production"];

    [Theory]
    [MemberData(nameof(WithMosquitto))]
    public void Mosquitto_gets_the_repositorys_files_byte_for_byte(string name)
    {
        var overlay = Overlay.Render(name);
        var files = BrokerFiles(overlay);
        foreach (var file in new[] { "tally.conf", "tally.acl", "passwords.sh", "keep.sh" }) files[file].Text.ShouldBe(OfRepository(file), file);
        if (name == "local") files["mosquitto.conf"].Text.ShouldBe(OfRepository("container/mosquitto.conf"));
    }

    [Theory]
    [MemberData(nameof(WithMosquitto))]
    public void Mosquittos_own_lines_name_what_is_mounted_and_listen_where_the_port_is(string name)
    {
        var mosquitto = Overlay.Render(name).Workload("mosquitto");
        var lines = BrokerFiles(Overlay.Render(name))["mosquitto.conf"].Text!.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ')).ToList();
        lines.Where(line => line[0] == "listener").Select(line => line[1]).ShouldBe(mosquitto.Main.Manifest["ports"].Items.Select(port => port["containerPort"].Text));
        var mounts = mosquitto.Main.Manifest["volumeMounts"].Items.Select(mount => mount["mountPath"].Text!).ToList();
        foreach (var line in lines.Where(line => line[1].StartsWith('/'))) mounts.ShouldContain(mount => line[1].StartsWith(mount, StringComparison.Ordinal), line[1]);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void Every_user_of_the_ACL_has_a_password(string name) =>
        Overlay.Keys(Overlay.Render(name).Find("Secret", "broker-users")).ShouldBe(Broker.Users, ignoreOrder: true);

    [Fact]
    public void EMQX_gives_the_same_rights()
    {
        var rights = Emqx("acl.conf").Split('\n').Where(line => line.StartsWith('{')).ToList();
        rights[^3..].ShouldBe(["""{deny, all, publish, ["acks/#", "stored/#"]}.""", """{allow, all, publish, ["#"]}.""", "{deny, all}."]);
        OfRepository("tally.acl").Split('\n').Where(line => line.StartsWith("pattern", StringComparison.Ordinal)).ShouldBe(["pattern deny acks/#", "pattern deny stored/#", "pattern write #"]);
        rights.SkipLast(3).SelectMany(line => EmqxRight().Match(line) is { Success: true } match
                ? EmqxTopic().Matches(match.Groups[3].Value).Select(topic => (match.Groups[1].Value, match.Groups[2].Value, topic.Groups[1].Value))
                : throw new InvalidOperationException($"No right: {line}"))
            .ShouldBe(MosquittoRights(), ignoreOrder: true);
    }

    [Fact]
    public void EMQX_has_the_same_limits()
    {
        var emqx = Emqx("base.hocon");
        foreach (var (ours, theirs) in new[] { ("max_inflight_messages", "max_inflight"), ("max_queued_messages", "max_mqueue_len"), ("max_packet_size", "max_packet_size") })
            Regex.Match(emqx, $@"\b{theirs} = (\d+)").Groups[1].Value.ShouldBe(Regex.Match(OfRepository("tally.conf"), $@"^{ours} (\d+)", RegexOptions.Multiline).Groups[1].Value, theirs);
        emqx.ShouldContain("no_match = deny");
    }

    // Those of tally.acl: "user NAME", then "topic read|write FILTER" until the next. EMQX has no log to deny, and denies nothing by delivery.
    private static IEnumerable<(string User, string What, string Filter)> MosquittoRights()
    {
        var user = "";
        foreach (var line in OfRepository("tally.acl").Split('\n'))
        {
            var words = line.Split(' ');
            if (words[0] == "user") user = words[1];
            if (words[0] == "topic" && words[1] != "deny") yield return (user, words[1] == "read" ? "subscribe" : "publish", words[2]);
        }
    }

    private static string Emqx(string file) =>
        Overlay.Render("scale-out").Of("ConfigMap").Single(map => map.Down("metadata.name").Text!.StartsWith("emqx-", StringComparison.Ordinal))["data"][file].Text!;

    private static Node BrokerFiles(Overlay overlay)
    {
        var volume = overlay.Workload("mosquitto").Pod["volumes"].Items.Single(volume => volume["name"].Text == "broker");
        return overlay.Find("ConfigMap", volume.Down("configMap.name").Text)["data"];
    }

    private static string OfRepository(string file) => File.ReadAllText(Path.Combine(Repository.Root, "services", "Broker", file));

    [GeneratedRegex(@"^\{allow, \{user, ""(\w+)""\}, (subscribe|publish), \[(.*)\]\}\.$")]
    private static partial Regex EmqxRight();

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex EmqxTopic();
}
