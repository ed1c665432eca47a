using System.Text;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

/// <summary>Says what is wrong with options before anything is tried with them.</summary>
internal static class MqttClientOptionsCheck
{
    // Remaining Length of the smallest PUBLISH and then some; below it not even CONNACK fits.
    private const int SmallestPacketSize = 64;

    /// <summary>How the filter of a shared subscription begins (4.8.2).</summary>
    public const string SharePrefix = "$share/";

    // Timers take no more milliseconds than an int holds.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <exception cref="ArgumentException">Names the option, its value and what is allowed.</exception>
    public static void Check(MqttClientOptions options)
    {
        var clientId = Encoding.UTF8.GetBytes(options.ClientId);
        Require(clientId.Length <= ushort.MaxValue && Utf8.IsValid(clientId), nameof(options.ClientId), options.ClientId, "at most 65,535 bytes of UTF-8 without U+0000");
        Require(options.PublishWindow > 0, nameof(options.PublishWindow), options.PublishWindow, "1 to 65,535");
        Require(options.ReceiveMaximum > 0, nameof(options.ReceiveMaximum), options.ReceiveMaximum, "1 to 65,535");
        Require(
            options.MaximumPacketSize >= SmallestPacketSize, nameof(options.MaximumPacketSize), options.MaximumPacketSize,
            $"{SmallestPacketSize} bytes or more");
        Require(
            options.SessionExpiry >= TimeSpan.Zero && options.SessionExpiry.TotalSeconds <= uint.MaxValue, nameof(options.SessionExpiry),
            options.SessionExpiry, "zero to 4,294,967,295 seconds");
        Require(
            options.KeepAlive >= TimeSpan.Zero && options.KeepAlive.TotalSeconds <= ushort.MaxValue, nameof(options.KeepAlive),
            options.KeepAlive, "zero to 65,535 seconds");
        RequireTime(nameof(options.ConnectTimeout), options.ConnectTimeout, mayBeZero: false);
        RequireTime(nameof(options.ReconnectDelay), options.ReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.MaxReconnectDelay), options.MaxReconnectDelay, mayBeZero: false);
        RequireTime(nameof(options.TakeoverDelay), options.TakeoverDelay, mayBeZero: true);
        RequireTime(nameof(options.StopTimeout), options.StopTimeout, mayBeZero: true);
        RequireTime(nameof(options.GatherTime), options.GatherTime, mayBeZero: true);
        Require(Enum.IsDefined(options.ProtocolVersion), nameof(options.ProtocolVersion), options.ProtocolVersion, "Automatic, V500 or V311");
        CheckUserProperties(nameof(options.UserProperties), options.UserProperties);
        MqttTlsCheck.Check(options);
        if (options.Will is { } will) Check(will);
        foreach (var subscription in options.Subscriptions) Check(subscription);
    }

    /// <exception cref="ArgumentException">Names the filter or the option, its value and what is allowed.</exception>
    public static void Check(MqttSubscription subscription)
    {
        Require(
            Utf8.IsTopicFilter(Encoding.UTF8.GetBytes(subscription.Filter)), "Subscriptions", subscription.Filter,
            "a topic filter: 1 to 65,535 bytes of UTF-8, '+' and '#' each filling a level, '#' only the last");
        Require(subscription.Qos <= MqttQos.ExactlyOnce, "Subscriptions.Qos", subscription.Qos, "0, 1 or 2");
        Require(subscription.RetainHandling <= MqttRetainHandling.DoNotSend, "Subscriptions.RetainHandling", subscription.RetainHandling, "0, 1 or 2");
        Require(
            subscription.Identifier is null or (> 0 and <= FixedHeader.MaximumRemainingLength), "Subscriptions.Identifier", $"{subscription.Identifier}",
            "1 to 268,435,455");
        if (!subscription.Filter.StartsWith(SharePrefix, StringComparison.Ordinal)) return;
        var parts = subscription.Filter.Split('/', 3);
        Require(
            parts is [_, { Length: > 0 }, { Length: > 0 }] && !parts[1].AsSpan().ContainsAny('+', '#'), "Subscriptions", subscription.Filter,
            "$share/group/filter, the group without wildcards (4.8.2)");
        Require(
            !subscription.NoLocal, "Subscriptions.NoLocal", $"true for {subscription.Filter}", "false for a shared subscription (3.8.3.1)");
    }

    private static void Check(MqttWill will)
    {
        Require(Utf8.IsTopicName(Encoding.UTF8.GetBytes(will.Topic)), "Will.Topic", will.Topic, "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000");
        Require(will.Payload.Length <= ushort.MaxValue, "Will.Payload", $"{will.Payload.Length} bytes", "at most 65,535 bytes");
        Require(will.CorrelationData.Length <= ushort.MaxValue, "Will.CorrelationData", $"{will.CorrelationData.Length} bytes", "at most 65,535 bytes");
        Require(will.Qos <= MqttQos.ExactlyOnce, "Will.Qos", will.Qos, "0, 1 or 2");
        Require(will.Delay >= TimeSpan.Zero && will.Delay.TotalSeconds <= uint.MaxValue, "Will.Delay", will.Delay, "zero to 4,294,967,295 seconds");
        Require(
            will.MessageExpiry is null || (will.MessageExpiry >= TimeSpan.Zero && will.MessageExpiry.Value.TotalSeconds <= uint.MaxValue), "Will.MessageExpiry",
            $"{will.MessageExpiry}", "zero to 4,294,967,295 seconds");
        Require(IsText(will.ContentType), "Will.ContentType", $"{will.ContentType}", "at most 65,535 bytes of UTF-8 without U+0000");
        Require(
            will.ResponseTopic is null || Utf8.IsTopicName(Encoding.UTF8.GetBytes(will.ResponseTopic)), "Will.ResponseTopic", $"{will.ResponseTopic}",
            "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000");
        CheckUserProperties("Will.UserProperties", will.UserProperties);
    }

    private static void CheckUserProperties(string option, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        foreach (var (name, value) in pairs)
            Require(IsText(name) && IsText(value), option, name, "names and values of at most 65,535 bytes of UTF-8 without U+0000");
    }

    private static bool IsText(string? text)
    {
        if (text is null) return true;
        var utf8 = Encoding.UTF8.GetBytes(text);
        return utf8.Length <= ushort.MaxValue && Utf8.IsValid(utf8);
    }

    private static void RequireTime(string option, TimeSpan value, bool mayBeZero) =>
        Require(value <= Longest && (value > TimeSpan.Zero || (mayBeZero && value == TimeSpan.Zero)), option, value, mayBeZero ? "zero or more" : "more than zero");

    private static void Require(bool met, string option, object value, string allowed)
    {
        if (!met) throw new ArgumentException($"MQTT option {option} is '{value}'; allowed: {allowed}.");
    }
}
