using System.Reflection;
using System.Text.RegularExpressions;
using Shouldly;
using Tally.AckResponder;
using Tally.AppHost.Infrastructure;
using Tally.Ingest;
using Tally.Ingest.Retiring;
using Tally.QueryApi;
using Tally.ServiceDefaults.Telemetry;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Documents;

/// <summary>The documents say what is there.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents =>
        [.. Directory.EnumerateFiles(Repository.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md")).Select(path => Path.GetRelativePath(Repository.Root, path))];

    [Fact]
    public void Every_option_stands_in_the_operations_manual()
    {
        var manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));
        (string Section, Type Type)[] sections =
        [
            (IngestOptions.Section, typeof(IngestOptions)), ("Storage", typeof(StorageOptions)), ("Partitions", typeof(PartitionOptions)), ("DeadLetters", typeof(DeadLetterOptions)),
            (RetireOptions.Section, typeof(RetireOptions)), (AckResponderOptions.Section, typeof(AckResponderOptions)), ("QueryApi", typeof(QueryApiOptions)), (TelemetryOptions.Section, typeof(TelemetryOptions)),
        ];
        var options = sections.SelectMany(section => section.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(property => property.SetMethod is { IsPublic: true }).Select(property => $"| `{section.Section}__{property.Name}` |"));

        options.Where(option => !manual.Contains(option, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void AckResponder_warns_of_the_limits_that_the_broker_has()
    {
        var broker = File.ReadAllText(Path.Combine(Repository.Root, "services", "Broker", "tally.conf"));

        broker.ShouldContain($"\nmax_queued_messages {new AckResponderOptions().BrokerQueueMessages}\n");
        broker.ShouldContain($"\nmax_queued_bytes {new AckResponderOptions().BrokerQueueBytes}\n");
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_leads_somewhere(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        Link().Matches(File.ReadAllText(Path.Combine(Repository.Root, document))).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && link.Length > 0 && !Path.Exists(Path.Combine(folder, link))).ShouldBeEmpty();
    }

    [Fact]
    public void The_README_is_short() => new FileInfo(Path.Combine(Repository.Root, "README.md")).Length.ShouldBeLessThanOrEqualTo(10_000);

    [GeneratedRegex(@"\]\(([^)#]*)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
