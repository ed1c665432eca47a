using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

/// <summary>Says what is wrong with options before anything is tried with them.</summary>
internal static class MqttClientOptionsCheck
{
    // Remaining Length of the smallest PUBLISH and then some; below it not even CONNACK fits.
    private const int SmallestPacketSize = 64;

    /// <summary>How the filter of a shared subscription begins (4.8.2).</summary>
    public const string SharePrefix = "$share/";

    // RFC 7301, 3.1: the length stands in one byte.
    private const int LongestAlpnProtocol = 255;

    // Timers take no more milliseconds than an int holds.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <exception cref="ArgumentException">Names the option, its value and what is allowed.</exception>
    public static void Check(MqttClientOptions options)
    {
        var broker = BrokerAddress.From(options);
        Require(Utf8.IsText(options.ClientId), nameof(options.ClientId), options.ClientId, "at most 65,535 bytes of UTF-8 without U+0000");
        Require(options.PublishWindow > 0, nameof(options.PublishWindow), options.PublishWindow, "1 to 65,535");
        Require(options.ReceiveMaximum > 0, nameof(options.ReceiveMaximum), options.ReceiveMaximum, "1 to 65,535");
        Require(options.MaximumPacketSize >= SmallestPacketSize, nameof(options.MaximumPacketSize), options.MaximumPacketSize, $"{SmallestPacketSize} bytes or more");
        Require(
            options.SessionExpiry >= TimeSpan.Zero && options.SessionExpiry.TotalSeconds <= uint.MaxValue, nameof(options.SessionExpiry),
            options.SessionExpiry, "zero to 4,294,967,295 seconds");
        Require(options.KeepAlive >= TimeSpan.Zero && options.KeepAlive.TotalSeconds <= ushort.MaxValue, nameof(options.KeepAlive), options.KeepAlive, "zero to 65,535 seconds");
        RequireTime(nameof(options.ConnectTimeout), options.ConnectTimeout, mayBeZero: false);
        RequireTime(nameof(options.ReconnectDelay), options.ReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.MaxReconnectDelay), options.MaxReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.TakeoverDelay), options.TakeoverDelay, mayBeZero: true);
        RequireTime(nameof(options.StopTimeout), options.StopTimeout, mayBeZero: true);
        RequireTime(nameof(options.GatherTime), options.GatherTime, mayBeZero: true);
        Require(Enum.IsDefined(options.ProtocolVersion), nameof(options.ProtocolVersion), options.ProtocolVersion, "Automatic, V500 or V311");
        CheckUserProperties(nameof(options.UserProperties), options.UserProperties);
        if (options.Tls is { } tls) Check(tls, broker);
        if (options.Will is { } will) Check(will);
        foreach (var subscription in options.Subscriptions) Check(subscription);
    }

    /// <exception cref="ArgumentException">Names the filter or the option, its value and what is allowed.</exception>
    public static void Check(MqttSubscription subscription)
    {
        Require(
            Utf8.IsTopicFilter(subscription.Filter), "Subscriptions", subscription.Filter,
            "a topic filter: 1 to 65,535 bytes of UTF-8, '+' and '#' each filling a level, '#' only the last");
        Require(subscription.Qos <= MqttQos.ExactlyOnce, "Subscriptions.Qos", subscription.Qos, "0, 1 or 2");
        Require(subscription.RetainHandling <= MqttRetainHandling.DoNotSend, "Subscriptions.RetainHandling", subscription.RetainHandling, "0, 1 or 2");
        Require(
            subscription.Identifier is null or (> 0 and <= PacketBuffer.MaximumRemainingLength), "Subscriptions.Identifier", $"{subscription.Identifier}",
            "1 to 268,435,455");
        if (!subscription.Filter.StartsWith(SharePrefix, StringComparison.Ordinal)) return;
        var parts = subscription.Filter.Split('/', 3);
        Require(
            parts is [_, { Length: > 0 }, { Length: > 0 }] && !parts[1].AsSpan().ContainsAny('+', '#'), "Subscriptions", subscription.Filter,
            "$share/group/filter, the group without wildcards (4.8.2)");
        Require(
            !subscription.NoLocal, "Subscriptions.NoLocal", $"true for {subscription.Filter}", "false for a shared subscription (3.8.3.1)");
    }

    // Files are looked into.
    private static void Check(MqttTls tls, BrokerAddress broker)
    {
        // Whoever sets CaFile believes that nobody can listen.
        if (!broker.IsTls)
            throw new ArgumentException($"MQTT option Tls is set, but Broker is {broker.Scheme}://, which is not encrypted: use {(broker.IsWebSocket ? "wss" : "mqtts")}://, or leave Tls out.");
        if (tls.KeyFile is not null && tls.CertificateFile is null)
            throw new ArgumentException($"MQTT option Tls.KeyFile is '{tls.KeyFile}', but Tls.CertificateFile is not set: set it to the PEM file of the certificate that the key belongs to.");
        if (tls.KeyPassword is not null && tls.CertificateFile is null)
            throw new ArgumentException("MQTT option Tls.KeyPassword is set, but Tls.CertificateFile is not: set it to the PEM file of the client's certificate.");
        if (tls.ServerName is not null && Uri.CheckHostName(tls.ServerName) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            throw new ArgumentException($"MQTT option Tls.ServerName is '{tls.ServerName}'; allowed: a host name or an IP address, without scheme and port.");
        foreach (var protocol in tls.AlpnProtocols)
        {
            if (protocol.Length is 0 or > LongestAlpnProtocol || !protocol.All(c => c is > ' ' and <= '~'))
                throw new ArgumentException($"MQTT option Tls.AlpnProtocols holds '{protocol}'; allowed: 1 to {LongestAlpnProtocol} printable ASCII characters each, such as x-amzn-mqtt-ca.");
        }

        try
        {
            TlsFiles.Load(tls).Dispose();
        }
        catch (TransportException error)
        {
            throw new ArgumentException(error.Message + ".", error);
        }
    }

    private static void Check(MqttWill will)
    {
        Require(Utf8.IsTopicName(will.Topic), "Will.Topic", will.Topic, "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000");
        Require(will.Payload.Length <= ushort.MaxValue, "Will.Payload", $"{will.Payload.Length} bytes", "at most 65,535 bytes");
        Require(will.CorrelationData.Length <= ushort.MaxValue, "Will.CorrelationData", $"{will.CorrelationData.Length} bytes", "at most 65,535 bytes");
        Require(will.Qos <= MqttQos.ExactlyOnce, "Will.Qos", will.Qos, "0, 1 or 2");
        Require(will.Delay >= TimeSpan.Zero && will.Delay.TotalSeconds <= uint.MaxValue, "Will.Delay", will.Delay, "zero to 4,294,967,295 seconds");
        Require(
            will.MessageExpiry is null || (will.MessageExpiry >= TimeSpan.Zero && will.MessageExpiry.Value.TotalSeconds <= uint.MaxValue), "Will.MessageExpiry",
            $"{will.MessageExpiry}", "zero to 4,294,967,295 seconds");
        Require(Utf8.IsText(will.ContentType), "Will.ContentType", $"{will.ContentType}", "at most 65,535 bytes of UTF-8 without U+0000");
        Require(
            will.ResponseTopic is null || Utf8.IsTopicName(will.ResponseTopic), "Will.ResponseTopic", $"{will.ResponseTopic}",
            "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000");
        CheckUserProperties("Will.UserProperties", will.UserProperties);
    }

    private static void CheckUserProperties(string option, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        foreach (var (name, value) in pairs)
            Require(Utf8.IsText(name) && Utf8.IsText(value), option, name, "names and values of at most 65,535 bytes of UTF-8 without U+0000");
    }

    private static void RequireTime(string option, TimeSpan value, bool mayBeZero) =>
        Require(value <= Longest && (value > TimeSpan.Zero || (mayBeZero && value == TimeSpan.Zero)), option, value, mayBeZero ? "zero or more" : "more than zero");

    private static void Require(bool met, string option, object value, string allowed)
    {
        if (!met) throw new ArgumentException($"MQTT option {option} is '{value}'; allowed: {allowed}.");
    }
}
