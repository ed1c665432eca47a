using Shouldly;
using Tally.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class MqttAddressTests
{
    [Theory]
    [InlineData("mqtt://h", "h", 1883, "", "h:1883")]
    [InlineData("mqtt://h/", "h", 1883, "", "h:1883")]
    [InlineData("MQTT://H:1884", "h", 1884, "", "h:1884")]
    [InlineData(" mqtt://h\n", "h", 1883, "", "h:1883")]
    [InlineData("mqtts://h", "h", 8883, "", "mqtts://h:8883")]
    [InlineData("mqtts://h:443", "h", 443, "", "mqtts://h:443")]
    [InlineData("ws://h", "h", 80, "/mqtt", "ws://h:80/mqtt")]
    [InlineData("ws://h/", "h", 80, "/", "ws://h:80/")]
    [InlineData("ws://h:9001/a/b%40c", "h", 9001, "/a/b%40c", "ws://h:9001/a/b%40c")]
    [InlineData("wss://h", "h", 443, "/mqtt", "wss://h:443/mqtt")]
    [InlineData("wss://h?token=secret", "h", 443, "/mqtt?token=secret", "wss://h:443/mqtt")]
    [InlineData("wss://h/x?token=secret/y", "h", 443, "/x?token=secret/y", "wss://h:443/x")]
    [InlineData("mqtts://[::1]", "::1", 8883, "", "mqtts://[::1]:8883")]
    [InlineData("mqtt://[fe80::1%25eth0]:1", "fe80::1%eth0", 1, "", "[fe80::1%eth0]:1")]
    [InlineData("mqtts://bücher.example", "xn--bcher-kva.example", 8883, "", "mqtts://xn--bcher-kva.example:8883")]
    public void An_address_has_its_defaults_and_is_shown_without_what_is_secret(string text, string host, int port, string pathAndQuery, string shown)
    {
        MqttAddress.TryParse(text, out var uri, out var problem).ShouldBeTrue(problem);
        var address = BrokerAddress.Of(uri);
        (address.Host, address.Port, address.PathAndQuery, address.ToString()).ShouldBe((host, port, pathAndQuery, shown));
        MqttAddress.Describe(uri).ShouldBe(shown);
    }

    [Theory]
    [InlineData("mqtt", false, false)]
    [InlineData("mqtts", true, false)]
    [InlineData("ws", false, true)]
    [InlineData("wss", true, true)]
    public void The_scheme_says_what_is_spoken_below_MQTT(string scheme, bool tls, bool webSocket)
    {
        var address = BrokerAddress.Of(new Uri($"{scheme}://h"));
        (address.IsTls, address.IsWebSocket).ShouldBe((tls, webSocket));
    }

    [Theory]
    [InlineData("mqtt://h", null, null)]
    [InlineData("mqtts://me@h", "me", null)]
    [InlineData("ws://me:@h/x", "me", "")]
    [InlineData("wss://me:a:b@h", "me", "a:b")]
    [InlineData("mqtt://m%40e:p%2F%3F%23%25%3A@h", "m@e", "p/?#%:")]
    [InlineData("mqtt://:only@h", null, "only")]
    public void User_name_and_password_stand_in_the_address_percent_encoded(string text, string? user, string? password)
    {
        var address = BrokerAddress.From(Options(text));
        (address.UserName, address.Password).ShouldBe((user, password));
        address.ToString().ShouldBe(BrokerAddress.Of(new Uri(text)).ToString());
    }

    [Fact]
    public void What_stands_beside_the_address_wins()
    {
        var address = BrokerAddress.From(Options("mqtt://me:from-uri@h") with { UserName = "you", Password = "beside" });
        (address.UserName, address.Password).ShouldBe(("you", "beside"));
    }

    [Theory]
    [InlineData("", "is missing")]
    [InlineData("  ", "is missing")]
    [InlineData("localhost", "has no scheme")]
    [InlineData("localhost:1883", "has no scheme")]
    [InlineData("user:secret@host", "has no scheme")]
    [InlineData("tcp://h:1883", "has an unknown scheme 'tcp'")]
    [InlineData("ssl://h:8883", "has an unknown scheme 'ssl'")]
    [InlineData("http://u:secret@h", "has an unknown scheme 'http'")]
    [InlineData("u:secret@h://x", "has an unknown scheme:")]
    [InlineData("mqtt://", "names no host")]
    [InlineData("mqtt://u:secret@", "names no host")]
    [InlineData("mqtt://u:secret@:1883", "names no host")]
    [InlineData("mqtt://h:0", "has the port '0': expected 1 to 65535")]
    [InlineData("mqtt://h:65536", "has the port '65536': expected 1 to 65535")]
    [InlineData("mqtt://u:secret", "has a port that is no number, or lacks '@host'")]
    [InlineData("mqtt://h:", "has a port that is no number, or lacks '@host'")]
    [InlineData("mqtt://u:sec@ret@h", "@ as %40")]
    [InlineData("mqtt://u:1883/secret@h", "/ as %2F")]
    [InlineData("mqtt://u:secret?x@h", "? as %3F")]
    [InlineData("mqtt://u:secret#x@h", "# as %23")]
    [InlineData("ws://u:80/secret@h/mqtt", "/ as %2F")]
    [InlineData("mqtt://u:secret%@h", "% as %25")]
    [InlineData("mqtt://u:secret%zz@h", "% as %25")]
    [InlineData("mqtt://h/secret", "has a path or a query, as only ws:// and wss:// have")]
    [InlineData("mqtts://h?secret", "has a path or a query, as only ws:// and wss:// have")]
    [InlineData("wss://h/mqtt#secret", "holds '#'")]
    [InlineData("mqtt://sec ret", "has a host that cannot be read")]
    public void What_is_wrong_with_an_address_is_said_without_showing_what_may_be_a_password(string text, string said)
    {
        MqttAddress.TryParse(text, out var uri, out var problem).ShouldBeFalse();
        uri.ShouldBeNull();
        problem.ShouldContain(said);
        problem.Replace("user[:password]", "").ShouldNotContain("sec");
    }

    [Theory]
    [InlineData("tcp://h")]
    [InlineData("http://h")]
    [InlineData("mqtt:h")]
    public void An_address_of_another_kind_is_refused_with_the_four_that_there_are(string text)
    {
        var message = Should.Throw<ArgumentException>(() => new MqttClient(Options(text), new RecordingHandler(), null)).Message;
        foreach (var scheme in (string[])["mqtt://[user[:password]@]host[:port]", "mqtts://", "ws://", "wss://"]) message.ShouldContain(scheme);
    }

    [Fact]
    public void Options_with_an_address_that_cannot_be_used_show_nothing_of_it() =>
        Options("ftp://u:secret@h").ToString().ShouldBe("MqttClientOptions { Broker = …, ClientId = x }");

    private static MqttClientOptions Options(string text) => new() { Broker = new Uri(text), ClientId = "x" };
}
