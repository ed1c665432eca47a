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
    [InlineData("Temperature = 23.5", 23.5)]
    [InlineData("Temperature is 23.5.", 23.5)]
    [InlineData("messages: 17", 17)]
    [InlineData("room temperature 21", 21)]
    [InlineData("DHT22: 21.5", 21.5)]
    [InlineData("CO2=415 ppm", 415)]
    [InlineData("pm2_5 7", 7)]
    [InlineData("größe 5", 5)]
    [InlineData("23.5", 23.5)]
    [InlineData("  42\n", 42)]
    [InlineData("21.4\0", 21.4)]
    [InlineData("\uFEFF21.4", 21.4)]
    [InlineData("-3", -3)]
    [InlineData("+3", 3)]
    [InlineData("−3.5 °C", -3.5)]
    [InlineData("–5.5 °C", -5.5)]
    [InlineData("—5", -5)]
    [InlineData(".5", 0.5)]
    [InlineData("-.5", -0.5)]
    [InlineData("5.", 5)]
    [InlineData("1e3", 1000)]
    [InlineData("1.5E-3 bar", 0.0015)]
    [InlineData("2 e", 2)]
    [InlineData("45%", 45)]
    [InlineData("45 % RH", 45)]
    [InlineData("21 deg C", 21)]
    [InlineData("12 µg/m3", 12)]
    [InlineData("12 m²", 12)]
    [InlineData("230 V", 230)]
    [InlineData("23,5", 23.5)]
    [InlineData("21,5 °C", 21.5)]
    [InlineData("0,123", 0.123)]
    [InlineData("1234,567", 1234.567)]
    [InlineData("1,234.5", 1234.5)]
    [InlineData("1,234,567", 1234567)]
    [InlineData("1.234,56", 1234.56)]
    [InlineData("1.234,567", 1234.567)]
    [InlineData("9007199254740993", 9007199254740992d)]
    [InlineData("ON", 1)]
    [InlineData("off", 0)]
    [InlineData("true", 1)]
    [InlineData("False", 0)]
    [InlineData("open", 1)]
    [InlineData("closed", 0)]
    public void One_number_with_a_label_or_a_unit_is_the_value(string text, double value)
    {
        PlainText.Read(Encoding.UTF8.GetBytes(text), out var kept, out var read, out _).ShouldBeNull();
        read.ShouldBe(value);
        kept.ShouldBe(text.Trim('\uFEFF', '\0', ' ', '\n'));
    }

    [Theory]
    [InlineData("DHT22 read failed")]
    [InlineData("sensor-1")]
    [InlineData("230V")]
    [InlineData("2e")]
    [InlineData("10k")]
    [InlineData("3rd")]
    [InlineData("5µg/m3")]
    [InlineData("temp23.5")]
    [InlineData("Temperature-5")]
    [InlineData("v1.2.3")]
    [InlineData("v1.14.0-gcb84623")]
    [InlineData("1.2.3")]
    [InlineData("1.234.567")]
    [InlineData("192.168.1.17")]
    [InlineData("0x1F")]
    [InlineData("0x2")]
    [InlineData("2026-11-20")]
    [InlineData("2026-11-20 5")]
    [InlineData("2026-11-26T10:00:00Z 25.3")]
    [InlineData("12:30")]
    [InlineData("25/11")]
    [InlineData("21.5 48.2")]
    [InlineData("1 234,5")]
    [InlineData("12,34,56")]
    [InlineData("23.5°C (max 40)")]
    [InlineData("t=-0.25;h=40")]
    [InlineData("Sensor 2: 21.5")]
    [InlineData("Temperature: nan *C, Humidity: 45.0 %")]
    [InlineData("5. Stock")]
    [InlineData("5,")]
    [InlineData("5..")]
    [InlineData("5,.")]
    [InlineData("1e3.")]
    [InlineData("- 5")]
    [InlineData(">100")]
    [InlineData("$5.00")]
    [InlineData("2e+")]
    [InlineData("3 of my sensors failed")]
    public void What_may_mean_something_else_is_never_a_value(string text) =>
        PlainText.Read(Encoding.UTF8.GetBytes(text), out _, out _, out _).ShouldNotBeNull().ShouldContain("is not one number");

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\0\0", "empty")]
    [InlineData("null", "no number")]
    [InlineData("NaN", "no number")]
    [InlineData("CO=nan", "no number")]
    [InlineData("-", "no number")]
    [InlineData("٤٢", "no number")]
    [InlineData("1e999", "out of the range")]
    [InlineData("1e-999", "out of the range")]
    [InlineData("5\0" + "5", "NUL")]
    [InlineData("1,234", "1,234 is 1234 or 1.234")]
    public void A_text_that_cannot_be_stored_has_a_reason(string text, string reason) =>
        PlainText.Read(Encoding.UTF8.GetBytes(text), out _, out _, out _).ShouldNotBeNull().ShouldContain(reason);

    [Fact]
    public void A_text_that_is_not_UTF8_is_taken_for_Latin_1()
    {
        PlainText.Read([(byte)'5', 0xB0, (byte)'C'], out var text, out var value, out _).ShouldBeNull();
        (text, value).ShouldBe(("5°C", 5d));
    }

    [Fact]
    public void A_text_longer_than_the_store_keeps_is_refused()
    {
        var text = new byte[Limits.RawTextBytes + 1];
        text.AsSpan().Fill((byte)'1');

        PlainText.Read(text, out _, out _, out _).ShouldNotBeNull().ShouldContain("longer");
    }

    [Fact]
    public void Every_number_is_read_with_every_label_and_unit()
    {
        var texts =
            from value in ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite)
            from before in Gen.Elements("", " ", "Temperature: ", "t=", "größe ", "a_b: ")
            from after in Gen.Elements("", " ", "°C", " Cel", "\n", " % RH")
            select (text: before + value.ToString("R", CultureInfo.InvariantCulture) + after, value);

        PropertyChecks.Check(texts, expected =>
        {
            PlainText.Read(Encoding.UTF8.GetBytes(expected.text), out _, out var read, out _).ShouldBeNull(expected.text);
            read.ShouldBe(expected.value, expected.text);
        });
    }
}
