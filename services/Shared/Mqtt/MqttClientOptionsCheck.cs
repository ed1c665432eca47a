using System.Text;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

/// <summary>Says what is wrong with options before anything is tried with them.</summary>
internal static class MqttClientOptionsCheck
{
    // Remaining Length of the smallest PUBLISH and then some; below it not even CONNACK fits.
    private const int SmallestPacketSize = 64;

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
        foreach (var subscription in options.Subscriptions)
        {
            Require(
                Utf8.IsTopicFilter(Encoding.UTF8.GetBytes(subscription.Filter)), "Subscriptions", subscription.Filter,
                "a topic filter: 1 to 65,535 bytes of UTF-8, '+' and '#' each filling a level, '#' only the last");
        }
    }

    private static void RequireTime(string option, TimeSpan value, bool mayBeZero) =>
        Require(value <= Longest && (value > TimeSpan.Zero || (mayBeZero && value == TimeSpan.Zero)), option, value, mayBeZero ? "zero or more" : "more than zero");

    private static void Require(bool met, string option, object value, string allowed)
    {
        if (!met) throw new ArgumentException($"MQTT option {option} is '{value}'; allowed: {allowed}.");
    }
}
