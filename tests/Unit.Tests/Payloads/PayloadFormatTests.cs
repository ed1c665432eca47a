using System.Text;
using Shouldly;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class PayloadFormatTests
{
    [Theory]
    [InlineData("", "{\"value\":1}", PayloadFormat.Json)]
    [InlineData("", " \r\n\t{}", PayloadFormat.Json)]
    [InlineData("", "[{\"n\":\"a\",\"v\":1}]", PayloadFormat.SenMl)]
    [InlineData("", "[{\"bn\":\"a\",\"bt\":1}]", PayloadFormat.SenMl)]
    [InlineData("", "[{\"temperature\":1}]", PayloadFormat.Json)]
    [InlineData("", "[{}]", PayloadFormat.Json)]
    [InlineData("", "23.5", PayloadFormat.Text)]
    [InlineData("", "", PayloadFormat.Text)]
    [InlineData("", "   ", PayloadFormat.Text)]
    [InlineData("application/json", "{}", PayloadFormat.Json)]
    [InlineData("application/json", "5", PayloadFormat.Text)]
    [InlineData("application/senml+json", "{}", PayloadFormat.SenMl)]
    [InlineData("Application/SenML+JSON ; charset=utf-8", "x", PayloadFormat.SenMl)]
    [InlineData("text/plain", "{\"value\":1}", PayloadFormat.Text)]
    [InlineData("text/plain;charset=utf-8", "[1]", PayloadFormat.Text)]
    [InlineData("application/octet-stream", "{}", PayloadFormat.Json)]
    [InlineData("nonsense", "5", PayloadFormat.Text)]
    [InlineData(";", "[", PayloadFormat.Json)]
    public void The_content_type_decides_and_without_one_the_first_characters(string contentType, string payload, PayloadFormat format) =>
        PayloadFormats.Of(PayloadFormat.Auto, contentType, Encoding.UTF8.GetBytes(payload)).ShouldBe(format);

    [Fact]
    public void A_source_that_names_the_format_decides() =>
        PayloadFormats.Of(PayloadFormat.LineProtocol, "application/json", "{}"u8).ShouldBe(PayloadFormat.LineProtocol);

    [Fact]
    public void A_byte_order_mark_and_a_zero_at_the_end_are_no_part_of_the_payload() =>
        Encoding.UTF8.GetString(PayloadFormats.Trim(Encoding.UTF8.GetBytes("\uFEFF{}\0"))).ShouldBe("{}");
}
