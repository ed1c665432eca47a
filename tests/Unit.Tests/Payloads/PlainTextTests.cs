using System.Globalization;
using System.Text;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("Temperature: 23.5°C", 23.5)]
    [InlineData("messages: 17", 17)]
    [InlineData("23.5", 23.5)]
    [InlineData("  42\n", 42)]
    [InlineData("-3", -3)]
    [InlineData("+3", 3)]
    [InlineData("t=-0.25;h=40", -0.25)]
    [InlineData("\u22123.5 °C", -3.5)]
    [InlineData(".5", 0.5)]
    [InlineData("-.5", -0.5)]
    [InlineData("5.", 5)]
    [InlineData("5. Stock", 5)]
    [InlineData("1e3", 1000)]
    [InlineData("1.5E-3 bar", 0.0015)]
    [InlineData("2e", 2)]
    [InlineData("2e+", 2)]
    [InlineData("2 eggs", 2)]
    [InlineData("1.2.3", 1.2)]
    [InlineData("17,42", 17)]
    [InlineData("2026-11-20 5", 2026)]
    [InlineData("sensor-1", 1)]
    [InlineData("DHT22: 21.5", 21.5)]
    [InlineData("CO2=415 ppm", 415)]
    [InlineData("pm2_5 7", 7)]
    [InlineData("temp23.5", 23.5)]
    [InlineData("23.5°C (max 40)", 23.5)]
    [InlineData("größe 5", 5)]
    public void The_first_number_is_the_value(string text, double value)
    {
        PlainText.Read(Encoding.UTF8.GetBytes(text), out var read).ShouldBeNull();
        read.ShouldBe(value);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("on", "no number")]
    [InlineData("NaN", "no number")]
    [InlineData("-", "no number")]
    [InlineData("٤٢", "no number")]
    [InlineData("1e999", "out of range")]
    [InlineData("5\0", "NUL")]
    public void A_text_that_cannot_be_stored_has_a_reason(string text, string reason) =>
        PlainText.Read(Encoding.UTF8.GetBytes(text), out _).ShouldNotBeNull().ShouldContain(reason);

    [Fact]
    public void A_text_in_another_encoding_is_refused() =>
        PlainText.Read([(byte)'5', 0xB0, (byte)'C'], out _).ShouldNotBeNull().ShouldContain("UTF-8");

    [Fact]
    public void A_text_longer_than_the_store_keeps_is_refused()
    {
        var text = new byte[Limits.RawTextBytes + 1];
        text.AsSpan().Fill((byte)'1');

        PlainText.Read(text, out _).ShouldNotBeNull().ShouldContain("longer");
    }

    [Fact]
    public void Every_number_is_found_among_words()
    {
        var texts =
            from value in ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite)
            from before in Gen.Elements("", " ", "Temperature: ", "t=", "(", "größe ", "a_b: ")
            from after in Gen.Elements("", " ", "°C", " Cel", ")", "\n", ";")
            select (text: before + value.ToString("R", CultureInfo.InvariantCulture) + after, value);

        PropertyChecks.Check(texts, expected =>
        {
            PlainText.Read(Encoding.UTF8.GetBytes(expected.text), out var read).ShouldBeNull(expected.text);
            read.ShouldBe(expected.value, expected.text);
        });
    }
}
