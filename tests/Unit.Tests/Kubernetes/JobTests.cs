using Shouldly;
using System.CommandLine;
using Tally.Ingest;
using Tally.SensorSimulator.Commands;
using Xunit;

namespace Tally.Unit.Tests.Kubernetes;

/// <summary>The two one-shots: what they are told, and what becomes of their exit status.</summary>
[Trait("Needs", "kubectl")]
public sealed class JobTests
{
    public static TheoryData<string> Overlays => Overlay.All;

    [Fact]
    public void The_exit_status_of_the_run_is_that_of_its_Job()
    {
        var simulator = Overlay.Render("local").Workload("simulator");
        simulator.Kind.ShouldBe("Job");
        simulator.Manifest.Down("spec.backoffLimit").Text.ShouldBe("0");
        simulator.Pod["restartPolicy"].Text.ShouldBe("Never");
    }

    [Fact]
    public void The_run_is_told_what_it_understands()
    {
        var arguments = Overlay.Render("local").Workload("simulator").Main.Arguments;
        arguments[0].ShouldBe("run");
        var command = new RunCommand().AddTo(new Command("run"));
        var parsed = command.Parse([.. arguments[1..].OfType<string>(), "--broker", "mqtt://mosquitto", "--api", "http://queryapi:8080"]);
        parsed.Errors.ShouldBeEmpty();
        parsed.GetValue<long>("--messages").ShouldBe(100_000);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_schema_is_brought_up_to_date_by_a_Job(string name)
    {
        var migrate = Overlay.Render(name).Workload("migrate");
        migrate.Kind.ShouldBe("Job");
        migrate.Main.Arguments.ShouldBe([IngestCommand.Migrate]);
        migrate.Main.Image.ShouldBe(Overlay.Render(name).Workload("ingest").Main.Image);
    }
}
