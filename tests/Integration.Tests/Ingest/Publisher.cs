using System.Collections.Concurrent;
using System.Text;
using Shouldly;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>A client at the broker: publishes, and keeps what arrives.</summary>
internal sealed class Publisher : IMqttHandler, IAsyncDisposable
{
    private readonly ConcurrentQueue<Arrived> _arrived = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly MqttClient _client;
    private readonly Task _running;

    private Publisher(Uri broker, MqttProtocolVersion version, string[] filters)
    {
        var options = new MqttClientOptions
        {
            Broker = broker,
            ClientId = $"test-{Guid.NewGuid():N}"[..20],
            ProtocolVersion = version,
            Subscriptions = [.. filters.Select(filter => new MqttSubscription(filter))],
        };
        _client = new MqttClient(options, this, null);
        _running = _client.RunAsync(_stop.Token);
    }

    /// <summary>What has arrived, oldest first.</summary>
    public IReadOnlyCollection<Arrived> Arrivals => _arrived;

    /// <summary>Called for each arrival, on the connection's loop.</summary>
    public Action<Arrived> OnArrival { get; set; } = _ => { };

    public static Task<Publisher> ConnectAsync(Uri broker, params string[] filters) => ConnectAsync(broker, MqttProtocolVersion.Automatic, filters);

    public static async Task<Publisher> ConnectAsync(Uri broker, MqttProtocolVersion version, params string[] filters)
    {
        var publisher = new Publisher(broker, version, filters);
        await Eventually.UntilAsync(() => publisher._client.IsReady, "the test's client to be connected and subscribed");
        return publisher;
    }

    /// <summary>Publishes, and waits for the broker's answer.</summary>
    public async Task PublishAsync(
        string topic, string payload, string contentType = "", string responseTopic = "", byte[]? correlation = null, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false)
    {
        var reason = await TryPublishAsync(topic, payload, contentType, responseTopic, correlation, qos, retain);
        ((int)reason).ShouldBeLessThan(0x80, $"the broker refused a message on {topic}: {reason}");
    }

    /// <summary>Publishes, and gives the broker's answer.</summary>
    public async Task<MqttReasonCode> TryPublishAsync(
        string topic, string payload, string contentType = "", string responseTopic = "", byte[]? correlation = null, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false) =>
        await _client.PublishAsync(
            new MqttPublication
            {
                Topic = topic,
                Payload = Encoding.UTF8.GetBytes(payload),
                ContentType = contentType.Length == 0 ? null : contentType,
                ResponseTopic = responseTopic.Length == 0 ? null : responseTopic,
                CorrelationData = correlation,
                Qos = qos,
                Retain = retain,
            },
            TestContext.Current.CancellationToken);

    /// <summary>Publishes readings <paramref name="from"/> to <paramref name="to"/> of one device under their identity.</summary>
    public Task PublishReadingsAsync(string run, string device, int from, int to, string responseTopic = "acks/test") =>
        Task.WhenAll(Enumerable.Range(from, to - from + 1).Select(seq => PublishAsync($"telemetry/{device}/temperature", Native(run, seq), responseTopic: responseTopic)));

    /// <summary>A native payload.</summary>
    public static string Native(string run, long seq)
    {
        Span<byte> payload = new byte[NativeReadingWriter.MaxBytes];
        var at = new DateTime(2026, 11, 20, 9, 0, 0, DateTimeKind.Utc).AddSeconds(seq);
        return Encoding.UTF8.GetString(payload[..NativeReadingWriter.Write(payload, Encoding.UTF8.GetBytes(run), seq, at, 20 + seq / 100.0, "Cel"u8)]);
    }

    /// <summary>Waits for an arrival.</summary>
    public async Task<Arrived> UntilAsync(Func<Arrived, bool> condition, string waitingFor)
    {
        await Eventually.UntilAsync(() => _arrived.Any(condition), waitingFor);
        return _arrived.First(condition);
    }

    /// <summary>Everything that notices say is stored, or rejected, as "device/metric:seq" with the publisher's address before it.</summary>
    public SortedSet<string> Told(bool stored)
    {
        var told = new SortedSet<string>(StringComparer.Ordinal);
        var reader = new NoticeReader();
        foreach (var arrived in _arrived) reader.Read(arrived.Payload, new Collector(told, stored));
        return told;
    }

    void IMqttHandler.OnMessage(in MqttMessage message)
    {
        var arrived = new Arrived(Encoding.UTF8.GetString(message.Topic), message.Payload.ToArray(), message.Packet.CorrelationData ?? []);
        OnArrival(arrived);
        _arrived.Enqueue(arrived);
        _client.Acknowledge(message.Delivery);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _client.DisposeAsync();
        _stop.Dispose();
    }

    private sealed class Collector(SortedSet<string> told, bool stored) : INoticeVisitor, IAcknowledgementVisitor
    {
        private string _to = "";

        public void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation)
        {
            _to = Encoding.UTF8.GetString(topic);
            using var json = System.Text.Json.JsonDocument.Parse(payload.ToArray());
            AcknowledgementReader.Read(payload, Encoding.UTF8.GetBytes(json.RootElement.GetProperty("run").GetString()!), this);
        }

        public void OnAnnounced(RunState state)
        {
            if (stored) told.Add($"{_to} {state}");
        }

        public void OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool isStored)
        {
            if (isStored != stored) return;
            for (var seq = from; seq <= to; seq++) told.Add($"{_to} {Encoding.UTF8.GetString(device)}/{Encoding.UTF8.GetString(metric)}:{seq}");
        }
    }
}

/// <summary>A message that arrived at a test's client.</summary>
internal sealed record Arrived(string Topic, byte[] Payload, byte[] Correlation)
{
    public string Text => Encoding.UTF8.GetString(Payload);
}
