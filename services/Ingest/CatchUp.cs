using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Tally.Ingest.Receiving;
using Tally.Mqtt;

namespace Tally.Ingest;

/// <summary>
/// Finds the end of a backlog. When the broker still had the session, Ingest publishes a message to itself: the broker delivers in order
/// (MQTT 5, 4.6), so what comes before it was kept while nobody was there, or little later.
/// </summary>
internal sealed class CatchUp(IngestClients clients, TelemetryHandler handler, IngestOptions options, ILogger<CatchUp> logger)
{
    private static ReadOnlySpan<byte> Begin => "caught up with connection "u8;

    /// <summary>Topic of an instance's messages to itself.</summary>
    public static string TopicOf(string instance) => $"ingest/{instance}";

    /// <summary>Whether a message is one that an instance sends itself, and about which connection.</summary>
    public static bool IsMark(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, out int epoch)
    {
        epoch = 0;
        return topic.StartsWith("ingest/"u8) && payload.StartsWith(Begin) && Utf8Parser.TryParse(payload[Begin.Length..], out epoch, out _);
    }

    /// <summary>Publishes one after each connection that resumes the session.</summary>
    public async Task RunAsync(CancellationToken leave)
    {
        try
        {
            await foreach (var epoch in handler.Resumed.ReadAllAsync(leave)) await MarkAsync(epoch, leave);
        }
        catch (Exception error) when (error is OperationCanceledException or MqttException && leave.IsCancellationRequested)
        {
            return; // nothing arrives any more
        }
    }

    private async Task MarkAsync(int epoch, CancellationToken leave)
    {
        var mark = new MqttPublication
        {
            Topic = TopicOf(options.Instance),
            Payload = (byte[])[.. Begin, .. Encoding.UTF8.GetBytes(epoch.ToString(CultureInfo.InvariantCulture))],
            Qos = MqttQos.AtLeastOnce,
        };
        while (true)
        {
            try
            {
                var reason = await clients.Notices.PublishAsync(mark, leave);
                if (reason < MqttReasonCode.UnspecifiedError) return;
                logger.LogWarning("The broker refuses {Topic} ({Reason}): readings of a backlog are not marked as late. Its ACL has to allow it (services/Broker/tally.acl).", TopicOf(options.Instance), reason);
                handler.OnCaughtUp(epoch);
                return;
            }
            catch (MqttSessionLostException)
            {
                continue; // once more, on the next session
            }
        }
    }
}
