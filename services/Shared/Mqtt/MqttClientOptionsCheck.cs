using System.Globalization;
using MQTTnet;

namespace Tally.Mqtt;

/// <summary>Says what is wrong with options before anything is tried with them.</summary>
internal static class MqttClientOptionsCheck
{
    /// <summary>How the filter of a shared subscription begins (4.8.2).</summary>
    public const string SharePrefix = "$share/";

    private const int SmallestPacketSize = 64; // of the smallest PUBLISH and then some; below it not even CONNACK fits
    private const string Text = "at most 65,535 bytes of UTF-8 without U+0000", TopicName = "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000";
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // timers take no more

    /// <exception cref="ArgumentException">Names the option, its value and what is allowed.</exception>
    public static void Check(MqttClientOptions options)
    {
        var broker = BrokerAddress.From(options);
        Require(Utf8.IsText(options.ClientId), nameof(options.ClientId), options.ClientId, Text);
        Require(options.PublishWindow > 0, nameof(options.PublishWindow), options.PublishWindow, "1 to 65,535");
        Require(options.ReceiveMaximum > 0, nameof(options.ReceiveMaximum), options.ReceiveMaximum, "1 to 65,535");
        Require(options.MaximumPacketSize >= SmallestPacketSize, nameof(options.MaximumPacketSize), options.MaximumPacketSize, $"{SmallestPacketSize} bytes or more");
        RequireSeconds(nameof(options.SessionExpiry), options.SessionExpiry, uint.MaxValue);
        RequireSeconds(nameof(options.KeepAlive), options.KeepAlive, ushort.MaxValue);
        RequireSeconds(nameof(options.WillDelay), options.WillDelay, uint.MaxValue);
        RequireTime(nameof(options.ConnectTimeout), options.ConnectTimeout, mayBeZero: false);
        RequireTime(nameof(options.ReconnectDelay), options.ReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.MaxReconnectDelay), options.MaxReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.TakeoverDelay), options.TakeoverDelay, mayBeZero: true);
        RequireTime(nameof(options.StopTimeout), options.StopTimeout, mayBeZero: true);
        RequireTime(nameof(options.GatherTime), options.GatherTime, mayBeZero: true);
        Require(Enum.IsDefined(options.ProtocolVersion), nameof(options.ProtocolVersion), options.ProtocolVersion, "Automatic, V500 or V311");
        if (options.Tls is { } tls) Check(tls, broker);
        if (options.Will is { } will) Check(will);
        foreach (var subscription in options.Subscriptions) Check(subscription);
    }

    /// <exception cref="ArgumentException">Names the filter or the option, its value and what is allowed.</exception>
    public static void Check(MqttSubscription subscription)
    {
        var filter = subscription.Filter;
        Require(Utf8.IsTopicFilter(filter), "Subscriptions", filter, "a topic filter: 1 to 65,535 bytes of UTF-8, '+' and '#' each filling a level, '#' only the last");
        Require(subscription.Qos <= MqttQos.ExactlyOnce, "Subscriptions.Qos", subscription.Qos, "0, 1 or 2");
        Require(subscription.RetainHandling <= MqttRetainHandling.DoNotSendOnSubscribe, "Subscriptions.RetainHandling", subscription.RetainHandling, "0, 1 or 2");
        Require(subscription.Identifier is null or (> 0 and <= PacketBuffer.MaximumRemainingLength), "Subscriptions.Identifier", $"{subscription.Identifier}", "1 to 268,435,455");
        if (!filter.StartsWith(SharePrefix, StringComparison.Ordinal)) return;
        Require(
            filter.Split('/', 3) is [_, { Length: > 0 } group, { Length: > 0 }] && !group.AsSpan().ContainsAny('+', '#'), "Subscriptions", filter,
            "$share/group/filter, the group without wildcards (4.8.2)");
        Require(!subscription.NoLocal, "Subscriptions.NoLocal", $"true for {filter}", "false for a shared subscription (3.8.3.1)");
    }

    // Files are looked into.
    private static void Check(MqttTls tls, BrokerAddress broker)
    {
        Require(broker.IsTls, "Tls", "set", $"none for {broker.Scheme}://, which is not encrypted: use {(broker.IsWebSocket ? "wss" : "mqtts")}://, or leave Tls out"); // whoever sets CaFile believes that nobody can listen
        Require(tls.CertificateFile is not null || tls.KeyFile is null, "Tls.KeyFile", $"{tls.KeyFile}", "none without Tls.CertificateFile, the PEM file of the certificate that the key belongs to");
        Require(tls.CertificateFile is not null || tls.KeyPassword is null, "Tls.KeyPassword", "set", "none without Tls.CertificateFile, the PEM file of the client's certificate");
        Require(
            tls.ServerName is null || Uri.CheckHostName(tls.ServerName) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6, "Tls.ServerName", $"{tls.ServerName}",
            "a host name or an IP address, without scheme and port");
        foreach (var protocol in tls.AlpnProtocols)
            Require(protocol.Length is > 0 and <= byte.MaxValue && protocol.All(c => c is > ' ' and <= '~'), "Tls.AlpnProtocols", protocol, "1 to 255 printable ASCII characters each, such as x-amzn-mqtt-ca");
        try
        {
            TlsFiles.Load(tls).Dispose();
        }
        catch (TransportException error)
        {
            throw new ArgumentException(error.Message + ".", error);
        }
    }

    private static void Check(MqttApplicationMessage will)
    {
        Require(Utf8.IsTopicName(will.Topic), "Will.Topic", will.Topic, TopicName);
        Require(will.Payload.Length <= ushort.MaxValue, "Will.Payload", $"{will.Payload.Length} bytes", "at most 65,535 bytes");
        Require(will.CorrelationData is null or { Length: <= ushort.MaxValue }, "Will.CorrelationData", $"{will.CorrelationData?.Length} bytes", "at most 65,535 bytes");
        Require(will.QualityOfServiceLevel <= MqttQualityOfServiceLevel.ExactlyOnce, "Will.QualityOfServiceLevel", will.QualityOfServiceLevel, "0, 1 or 2");
        Require(Utf8.IsText(will.ContentType), "Will.ContentType", will.ContentType, Text);
        Require(will.ResponseTopic is null || Utf8.IsTopicName(will.ResponseTopic), "Will.ResponseTopic", $"{will.ResponseTopic}", TopicName);
        foreach (var property in will.UserProperties ?? []) Require(Utf8.IsText(property.Name) && Utf8.IsText(property.ReadValueAsString()), "Will.UserProperties", property.Name, $"names and values of {Text}");
    }

    private static void RequireSeconds(string option, TimeSpan value, uint most) =>
        Require(value >= TimeSpan.Zero && value.TotalSeconds <= most, option, value, string.Create(CultureInfo.InvariantCulture, $"zero to {most:N0} seconds"));

    private static void RequireTime(string option, TimeSpan value, bool mayBeZero) =>
        Require(value <= Longest && (value > TimeSpan.Zero || (mayBeZero && value == TimeSpan.Zero)), option, value, mayBeZero ? "zero or more" : "more than zero");

    private static void Require(bool met, string option, object value, string allowed)
    {
        if (!met) throw new ArgumentException($"MQTT option {option} is '{value}'; allowed: {allowed}.");
    }
}
