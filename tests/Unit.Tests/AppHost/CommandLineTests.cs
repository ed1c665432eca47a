using Shouldly;
using Tally.AppHost;
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
        options.Client.ShouldBeNull();
        options.Mode.ShouldBe(LaunchMode.Automatic);
        options.Replicas.ShouldBe(1);
    }

    [Fact]
    public void Every_option_is_taken()
    {
        var options = Read(
            "--messages", "5", "--devices", "2", "--rate", "7", "--qos", "0", "--source", "synthetic", "--exit", "--report", "r.json", "--reset",
            "--port", "9000", "--client", "mqttnet", "--stall-timeout", "9", "--data", "d", "--local");
        options.Messages.ShouldBe(5);
        options.Devices.ShouldBe(2);
        options.Rate.ShouldBe(7);
        options.Qos.ShouldBe(0);
        options.Exit.ShouldBeTrue();
        options.Report.ShouldBe(Path.GetFullPath("r.json"));
        options.Reset.ShouldBeTrue();
        options.Port.ShouldBe(9000);
        options.Client.ShouldBe("MQTTnet");
        options.StallTimeout.ShouldBe(TimeSpan.FromSeconds(9));
        options.Data.ShouldBe(Path.GetFullPath("d"));
        options.Mode.ShouldBe(LaunchMode.Local);
    }

    [Fact]
    public void Options_of_the_aspire_command_are_left_to_Aspire_and_ours_among_them_count()
    {
        var line = CommandLine.Parse(["--operation", "publish", "--replicas", "3", "--output-path", "out"], TextWriter.Null, takesOthers: true);
        line.Options.ShouldNotBeNull().Replicas.ShouldBe(3);
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
    [InlineData("--messages many", "--messages is 'many': a whole number from 1 to 1000000000 is allowed")]
    [InlineData("--messages 0", "--messages is '0'")]
    [InlineData("--messages 1.5", "--messages is '1.5'")]
    [InlineData("--messages 99999999999999999999", "--messages is '99999999999999999999'")]
    [InlineData("--messages", "--messages has no value: a whole number from 1 to 1000000000 is needed")]
    [InlineData("--messages 1 --messages 2", "--messages")]
    [InlineData("--devices 100001", "--devices is '100001': a whole number from 1 to 100000")]
    [InlineData("--rate -1", "--rate is '-1'")]
    [InlineData("--port http", "--port is 'http': a whole number from 1 to 65535 is allowed")]
    [InlineData("--port 65536", "--port is '65536'")]
    [InlineData("--qos 3", "--qos is '3': 0, 1 or 2 is allowed")]
    [InlineData("--source microphone", "--source is 'microphone': synthetic is allowed")]
    [InlineData("--client paho", "--client is 'paho': builtin or MQTTnet is allowed")]
    [InlineData("--report", "--report has no value")]
    [InlineData("--dashboard --no-dashboard", "--dashboard and --no-dashboard exclude each other: one of them is allowed.")]
    [InlineData("--local --aspire", "--local and --aspire exclude each other: one of them is allowed.")]
    [InlineData("--replicas 10", "--replicas is '10': a whole number from 1 to 9 is allowed")]
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
