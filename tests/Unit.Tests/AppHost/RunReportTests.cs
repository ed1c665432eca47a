using System.Text.Json.Nodes;
using Shouldly;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class RunReportTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tally-report-").FullName;

    private string Report => Path.Combine(_directory, "report.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Processes_are_added_and_what_was_there_stays()
    {
        File.WriteAllText(Report, """{"run":"r","published":3,"brokerDropped":null,"balanced":true}""");

        var sampler = new UsageSampler();
        sampler.Add("test", () => Environment.ProcessId);
        sampler.Add("absent", () => null);

        sampler.AddTo(Report).ShouldBeTrue();

        var report = JsonNode.Parse(File.ReadAllText(Report))!;
        report["published"]!.GetValue<int>().ShouldBe(3);
        report["brokerDropped"].ShouldBeNull();
        var process = report["processes"]!.AsArray().ShouldHaveSingleItem()!;
        process["name"]!.GetValue<string>().ShouldBe("test");
        process["cpuSeconds"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(0);
        process["peakRssMb"]!.GetValue<double>().ShouldBeGreaterThan(1);
    }

    [Fact]
    public void Without_a_report_there_is_nothing_to_add_to() => new UsageSampler().AddTo(Report).ShouldBeFalse();
}
