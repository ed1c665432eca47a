using Shouldly;
using Tally.AppHost.Local;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class TelemetryVariablesTests
{
    private static readonly Uri Receiver = new("http://127.0.0.1:4317");

    [Fact]
    public void A_service_gets_what_Aspire_would_give_it()
    {
        var given = Given([], Receiver);

        given["OTEL_EXPORTER_OTLP_ENDPOINT"].ShouldBe("http://127.0.0.1:4317");
        given["OTEL_EXPORTER_OTLP_PROTOCOL"].ShouldBe("grpc");
        given["OTEL_SERVICE_NAME"].ShouldBe("ingest");
        given["OTEL_RESOURCE_ATTRIBUTES"].ShouldMatch("^service.instance.id=[a-z]{8}$");
        given.ShouldNotContainKey("OTEL_BSP_SCHEDULE_DELAY");
        given.ShouldNotContainKey("OTEL_BLRP_SCHEDULE_DELAY");
        given["OTEL_METRIC_EXPORT_INTERVAL"].ShouldBe("10000");
        given["OTEL_TRACES_SAMPLER"].ShouldBe("always_on");
    }

    [Fact]
    public void What_is_started_again_is_the_same_instance_and_another_start_another_one()
    {
        var variables = new TelemetryVariables(new Dictionary<string, string>());
        InstanceOf(variables).ShouldBe(InstanceOf(variables));
        InstanceOf(variables).ShouldNotBe(InstanceOf(new TelemetryVariables(new Dictionary<string, string>())));

        static string InstanceOf(TelemetryVariables variables)
        {
            var environment = new Dictionary<string, string>();
            variables.AddTo(environment, "ingest", Receiver);
            return environment["OTEL_RESOURCE_ATTRIBUTES"];
        }
    }

    [Fact]
    public void What_the_user_has_set_stays()
    {
        var given = Given(new() { ["OTEL_METRIC_EXPORT_INTERVAL"] = "5000", ["OTEL_TRACES_SAMPLER"] = "always_off", ["OTEL_RESOURCE_ATTRIBUTES"] = "team=a" }, Receiver);

        given.ShouldNotContainKey("OTEL_METRIC_EXPORT_INTERVAL");
        given.ShouldNotContainKey("OTEL_TRACES_SAMPLER");
        given["OTEL_RESOURCE_ATTRIBUTES"].ShouldStartWith("team=a,service.instance.id=");
    }

    [Fact]
    public void Without_a_dashboard_a_service_is_told_its_name_alone() =>
        Given([], null).ShouldHaveSingleItem().ShouldBe(new KeyValuePair<string, string>("OTEL_SERVICE_NAME", "ingest"));

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT")]
    public void A_receiver_of_the_users_own_is_known_by_each_of_its_variables(string name)
    {
        new TelemetryVariables(new Dictionary<string, string> { [name] = "http://receiver:4317" }).UsersReceiver.ShouldBe("http://receiver:4317");
        new TelemetryVariables(new Dictionary<string, string> { [name] = "" }).UsersReceiver.ShouldBeNull();
    }

    private static Dictionary<string, string> Given(Dictionary<string, string> user, Uri? receiver)
    {
        var environment = new Dictionary<string, string>();
        new TelemetryVariables(user).AddTo(environment, "ingest", receiver);
        return environment;
    }
}
