using System.CommandLine;
using System.Reflection;
using Shouldly;
using Tally.AppHost;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class CommandLineTests
{
    [Fact]
    public void Without_options_it_is_a_million_readings_at_QoS_1_that_stay_up()
    {
        var options = Read();
        options.Messages.ShouldBe(1_000_000);
        options.Devices.ShouldBe(100);
        options.Rate.ShouldBe(0);
        options.Qos.ShouldBe(1);
        options.Source.ShouldBe("synthetic");
        options.Port.ShouldBe(8080);
        options.Exit.ShouldBeFalse();
        options.Reset.ShouldBeFalse();
        options.Report.ShouldBeNull();
        options.Dashboard.ShouldBeTrue();
        options.Infra.ShouldBeNull();
        options.Replicas.ShouldBe(1);
    }

    [Fact]
    public void Every_option_is_taken()
    {
        var options = Read(
            "--messages", "5,000", "--devices", "2", "--rate", "7", "--qos", "0", "--source", "synthetic", "--exit", "--report", "r.json", "--reset",
            "--port", "9000", "--infra", "local", "--stall-timeout", "9", "--data", "d", "--replicas", "2");
        options.Messages.ShouldBe(5_000);
        options.Devices.ShouldBe(2);
        options.Rate.ShouldBe(7);
        options.Qos.ShouldBe(0);
        options.Exit.ShouldBeTrue();
        options.Report.ShouldBe(Path.GetFullPath("r.json"));
        options.Reset.ShouldBeTrue();
        options.Port.ShouldBe(9000);
        options.Infra.ShouldBe("local");
        options.Replicas.ShouldBe(2);
        options.StallTimeout.ShouldBe(9);
        options.Data.ShouldBe(Path.GetFullPath("d"));
    }

    [Theory]
    [InlineData("--no-run")]
    [InlineData("--messages 0")]
    public void A_start_without_a_run_waits_for_sensors(string arguments) => Read(arguments.Split(' ')).Messages.ShouldBe(0);

    [Fact]
    public void Run_sh_knows_every_option_that_there_is()
    {
        var script = File.ReadAllText(Path.Combine(Repository.Root, "run.sh"));
        foreach (var field in typeof(CommandLine).GetFields(BindingFlags.NonPublic | BindingFlags.Static).Where(field => field.FieldType.IsAssignableTo(typeof(Option))))
            script.ShouldMatch($"={((Option)field.GetValue(null)!).Name}[ )]");
    }

    [Theory]
    [InlineData("--no-dashboard", false)]
    [InlineData("--exit", false)]
    [InlineData("--exit --dashboard", true)]
    [InlineData("--exit --no-dashboard", false)]
    public void The_dashboard_is_left_out_when_it_is_not_wanted_and_when_nobody_stays_to_look_at_it(string arguments, bool expected) =>
        Read(arguments.Split(' ')).Dashboard.ShouldBe(expected);

    [Theory]
    [InlineData("--massages 5", "--massages")]
    [InlineData("extra", "extra")]
    [InlineData("--messages many", "--messages is 'many': expected a whole number from 0 to 1,000,000,000")]
    [InlineData("--messages -1", "--messages is '-1'")]
    [InlineData("--messages 1.5", "--messages is '1.5'")]
    [InlineData("--messages 99999999999999999999", "--messages is '99999999999999999999'")]
    [InlineData("--messages", "--messages")]
    [InlineData("--messages 1 --messages 2", "--messages")]
    [InlineData("--devices 100001", "--devices is '100001': expected a whole number from 1 to 100,000")]
    [InlineData("--rate -1", "--rate is '-1'")]
    [InlineData("--port http", "--port is 'http': expected a whole number from 1 to 65,535")]
    [InlineData("--port 65536", "--port is '65536'")]
    [InlineData("--qos 3", "--qos is '3': expected a whole number from 0 to 2")]
    [InlineData("--source microphone", "--source is 'microphone': expected synthetic")]
    [InlineData("--infra vm", "--infra is 'vm': expected local or containers")]
    [InlineData("--report", "--report")]
    [InlineData("--dashboard --no-dashboard", "--dashboard and --no-dashboard exclude each other: one of them is allowed")]
    [InlineData("--no-run --exit", "--no-run and --exit exclude each other: one of them is allowed")]
    [InlineData("--replicas 10", "--replicas is '10': expected a whole number from 1 to 9")]
    public void A_mistake_is_one_line_that_names_the_option_the_value_and_what_is_allowed(string arguments, string expected)
    {
        var errors = new StringWriter();
        var line = CommandLine.Parse(arguments.Split(' '), errors);
        line.Options.ShouldBeNull();
        line.Status.ShouldBe(2);
        errors.ToString().TrimEnd('\n').ShouldNotContain("\n");
        errors.ToString().ShouldContain(expected);
    }

    private static RunOptions Read(params string[] arguments)
    {
        var errors = new StringWriter();
        var line = CommandLine.Parse(arguments, errors);
        errors.ToString().ShouldBeEmpty();
        return line.Options.ShouldNotBeNull();
    }
}
