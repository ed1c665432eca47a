using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Shouldly;
using Tally.ServiceDefaults.Telemetry;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

public sealed class OtlpSignalsTests
{
    [Theory]
    [InlineData("", false, false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=", false, false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://receiver:4317", true, true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://receiver:4317", true, false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://receiver:4317", false, true, false)]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=https://receiver:4318/v1/logs", false, false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://receiver:4317 OTEL_TRACES_EXPORTER=none", false, true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://receiver:4317 OTEL_TRACES_EXPORTER=otlp", true, true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://receiver:4317 OTEL_SDK_DISABLED=true", false, false, false)]
    public void A_signal_is_exported_where_an_address_is_given_for_it(string variables, bool traces, bool metrics, bool logs) =>
        OtlpSignals.Of(Settings.Of(variables)).ShouldBe(new OtlpSignals(traces, metrics, logs));

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=receiver:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://receiver")]
    public void An_address_that_is_none_is_one_line_with_variable_and_value(string variable)
    {
        var error = Should.Throw<OptionsValidationException>(() => OtlpSignals.Of(Settings.Of(variable)));
        error.Failures.ShouldHaveSingleItem().ShouldStartWith($"{variable.Split('=')[0]} is '{variable.Split('=')[1]}': expected http://host:port");
    }
}

/// <summary>Variables, written as for a shell.</summary>
internal static class Settings
{
    public static IConfiguration Of(string variables) => new ConfigurationBuilder().AddInMemoryCollection(Pairs(variables)).Build();

    public static IEnumerable<KeyValuePair<string, string?>> Pairs(string variables) =>
        from pair in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let parts = pair.Split('=', 2)
        select KeyValuePair.Create(parts[0], (string?)parts[1]);
}
