using System.Text;
using Shouldly;
using Tally.Contracts.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Payloads;

public sealed class PayloadFormatTests
{
    [Theory]
    [InlineData("", "{\"value\":1}", PayloadFormat.Native)]
    [InlineData("", " \r\n\t{}", PayloadFormat.Native)]
    [InlineData("", "[{}]", PayloadFormat.SenMl)]
    [InlineData("", "23.5", PayloadFormat.Text)]
    [InlineData("", "", PayloadFormat.Text)]
    [InlineData("", "   ", PayloadFormat.Text)]
    [InlineData("application/json", "{}", PayloadFormat.Native)]
    [InlineData("application/json", "5", PayloadFormat.Native)]
    [InlineData("application/json", "[{}]", PayloadFormat.SenMl)]
    [InlineData("Application/JSON ; charset=utf-8", "5", PayloadFormat.Native)]
    [InlineData("application/senml+json", "{}", PayloadFormat.SenMl)]
    [InlineData("application/senml+json;v=1", "x", PayloadFormat.SenMl)]
    [InlineData("text/plain", "{\"value\":1}", PayloadFormat.Text)]
    [InlineData("text/plain;charset=utf-8", "[1]", PayloadFormat.Text)]
    [InlineData("application/octet-stream", "{}", PayloadFormat.Native)]
    [InlineData("nonsense", "5", PayloadFormat.Text)]
    [InlineData(";", "[", PayloadFormat.SenMl)]
    public void The_content_type_decides_and_without_one_the_first_byte(string contentType, string payload, PayloadFormat format) =>
        PayloadFormats.Of(contentType, Encoding.UTF8.GetBytes(payload)).ShouldBe(format);

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_payload() =>
        Encoding.UTF8.GetString(PayloadFormats.WithoutByteOrderMark(Encoding.UTF8.GetBytes("\uFEFF{}"))).ShouldBe("{}");
}
