using System.Text.Json.Nodes;
using Shouldly;
using Tally.AppHost;
using Tally.AppHost.Running;
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

        RunReport.AddProcesses(Report, [new ResourceUsage("ingest", 1.25, 80.5)]).ShouldBeTrue();

        JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(Report)), JsonNode.Parse(
            """{"run":"r","published":3,"brokerDropped":null,"balanced":true,"processes":[{"name":"ingest","cpuSeconds":1.25,"peakRssMb":80.5}]}""")).ShouldBeTrue();
    }

    [Fact]
    public void Without_a_report_there_is_nothing_to_add_to() => RunReport.AddProcesses(Report, []).ShouldBeFalse();

    [Fact]
    public void The_report_of_an_earlier_run_does_not_pass_for_this_one()
    {
        File.WriteAllText(Report, "{}");
        RunReport.Prepare(Report);
        File.Exists(Report).ShouldBeFalse();
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_known_before_the_run()
    {
        var missing = Path.Combine(_directory, "missing", "report.json");
        Should.Throw<EnvironmentException>(() => RunReport.Prepare(missing)).Message.ShouldContain($"--report {missing} cannot be written");
    }
}
