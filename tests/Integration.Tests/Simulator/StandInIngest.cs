using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Tally.Contracts;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Simulator;

/// <summary>
/// Stands in for Ingest with a store in memory, so that faults can be chosen: same sessions, same notices, same order
/// (notice, its PUBACK, then PUBACK for the readings).
/// </summary>
internal sealed class StandInIngest : IMqttHandler, IAsyncDisposable
{
    private readonly Channel<List<Arrival>> _batches = Channel.CreateUnbounded<List<Arrival>>();
    private readonly NoticeWriter _notice = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IMqttClient _deliveries;
    private readonly IMqttClient _notices;
    private readonly Task[] _work;
    private List<Arrival> _arrived = [];

    private StandInIngest(MosquittoServer broker, TimeSpan sessionExpiry)
    {
        var clients = new MqttClientFactory();
        _deliveries = clients.Create(
            new MqttClientOptions
            {
                Broker = broker.AddressOf("ingest"),
                ClientId = "ingest-1",
                SessionExpiry = sessionExpiry,
                Subscriptions = [new MqttSubscription(Topics.AllTelemetry), new MqttSubscription("runs/+")],
            },
            this);
        _notices = clients.Create(
            new MqttClientOptions { Broker = broker.AddressOf("ingest"), ClientId = "ingest-1-notices", SessionExpiry = sessionExpiry },
            new Silent());
        _work = [_deliveries.RunAsync(_stop.Token), _notices.RunAsync(_stop.Token), StoreAsync(_stop.Token)];
    }

    /// <summary>How often each reading arrived, by topic and seq.</summary>
    public ConcurrentDictionary<(string Topic, long Seq), int> Stored { get; } = new();

    /// <summary>Copies among what arrived.</summary>
    public int Duplicates => Stored.Values.Sum(count => count - 1);

    /// <summary>Which readings vanish without a word when they first arrive.</summary>
    public Func<string, long, bool> Loses { get; set; } = (_, _) => false;

    /// <summary>Which readings are rejected.</summary>
    public Func<string, long, bool> Rejects { get; set; } = (_, _) => false;

    /// <summary>While this is not done nothing is stored: the database is away.</summary>
    public Task Database { get; set; } = Task.CompletedTask;

    public static async Task<StandInIngest> StartAsync(MosquittoServer broker, TimeSpan? sessionExpiry = null)
    {
        var ingest = new StandInIngest(broker, sessionExpiry ?? TimeSpan.FromMinutes(5));
        await Eventually.UntilAsync(() => ingest._deliveries.IsReady && ingest._notices.IsReady, "the stand-in of Ingest to be subscribed");
        return ingest;
    }

    public void OnMessage(in MqttMessage message) => _arrived.Add(new Arrival(
        Encoding.UTF8.GetString(message.Topic),
        message.Payload.ToArray(),
        Encoding.UTF8.GetBytes(message.Packet.ResponseTopic ?? ""),
        message.Packet.CorrelationData ?? [],
        message.Delivery));

    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken)
    {
        if (_arrived.Count == 0) return default;
        _batches.Writer.TryWrite(_arrived);
        _arrived = [];
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _work) await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _deliveries.DisposeAsync();
        await _notices.DisposeAsync();
        _notice.Dispose();
        _stop.Dispose();
    }

    private async Task StoreAsync(CancellationToken stop)
    {
        var lost = new HashSet<(string, long)>();
        await foreach (var batch in _batches.Reader.ReadAllAsync(stop))
        {
            await Database.WaitAsync(stop);
            foreach (var ofRun in batch.Select(Read).GroupBy(reading => reading.Run))
            {
                var kept = ofRun.Where(reading => reading.State is not null || !Loses(reading.Topic, reading.Seq) || !lost.Add((reading.Topic, reading.Seq))).ToList();
                if (kept.Count == 0) continue;
                await AnnounceAsync(ofRun.Key, kept, stop);
            }

            _deliveries.Acknowledge([.. batch.Select(arrival => arrival.Delivery)]);
        }
    }

    private async Task AnnounceAsync(string run, List<Known> readings, CancellationToken stop)
    {
        foreach (var reading in readings.Where(reading => reading.State is null)) Stored.AddOrUpdate((reading.Topic, reading.Seq), 1, (_, count) => count + 1);
        while (true)
        {
            var notice = Write(run, readings);
            try
            {
                var reason = await _notices.PublishAsync(
                    new MqttPublication { Topic = Topics.Stored(run), Payload = notice, Qos = MqttQos.AtLeastOnce }, stop);
                if (reason != MqttReasonCode.NoMatchingSubscribers) return;
                await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
                return;
            }
            catch (MqttSessionLostException) when (!stop.IsCancellationRequested)
            {
                // The broker may or may not have the notice: once more.
            }
        }
    }

    private ReadOnlyMemory<byte> Write(string run, List<Known> readings)
    {
        _notice.Begin(Encoding.UTF8.GetBytes(run));
        foreach (var ofPublisher in readings.GroupBy(reading => Encoding.UTF8.GetString(reading.Arrival.ResponseTopic)))
        {
            _notice.BeginPublisher(Encoding.UTF8.GetBytes(ofPublisher.Key));
            foreach (var announced in ofPublisher.Where(reading => reading.State is not null)) _notice.Announced(announced.State!.Value);
            foreach (var rejected in (bool[])[false, true])
            {
                foreach (var reading in ofPublisher.Where(reading => reading.State is null && reading.Arrival.Correlation.Length == 0 && Rejects(reading.Topic, reading.Seq) == rejected))
                {
                    var levels = reading.Topic.Split('/');
                    var (device, metric) = (Encoding.UTF8.GetBytes(levels[1]), Encoding.UTF8.GetBytes(levels[2]));
                    if (rejected) _notice.Rejected(device, metric, reading.Seq, reading.Seq);
                    else _notice.Stored(device, metric, reading.Seq, reading.Seq);
                }
            }
        }

        foreach (var reading in readings.Where(reading => reading.State is null && reading.Arrival.Correlation.Length > 0))
        {
            var levels = reading.Topic.Split('/');
            _notice.Reply(reading.Arrival.ResponseTopic, reading.Arrival.Correlation, !Rejects(reading.Topic, reading.Seq), Encoding.UTF8.GetBytes(levels[1]), Encoding.UTF8.GetBytes(levels[2]), reading.Seq, null);
        }

        return _notice.End();
    }

    private static Known Read(Arrival arrival)
    {
        using var json = JsonDocument.Parse(arrival.Payload);
        var run = json.RootElement.GetProperty("run").GetString()!;
        if (!arrival.Topic.StartsWith(Topics.RunPrefix, StringComparison.Ordinal)) return new Known(arrival, arrival.Topic, run, json.RootElement.GetProperty("seq").GetInt64(), null);
        var announcement = JsonSerializer.Deserialize(arrival.Payload, ContractsJson.Default.RunAnnouncement)!;
        return new Known(arrival, arrival.Topic, run, 0, announcement.State);
    }

    private sealed record Arrival(string Topic, byte[] Payload, byte[] ResponseTopic, byte[] Correlation, MqttDelivery Delivery);

    private sealed record Known(Arrival Arrival, string Topic, string Run, long Seq, RunState? State);

    private sealed class Silent : IMqttHandler;
}
