using System.Buffers.Binary;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>
/// One publisher that numbers its messages and one subscriber that counts how often each number arrives, both running
/// all the time, so that a fault always hits a stream and never a pause in it.
/// </summary>
internal sealed class FaultStream : IAsyncDisposable
{
    // Two minutes of what the broker takes at most.
    private const int MostMessages = 8_000_000;

    // At QoS 2, what may have been published and not arrived. Of more than max_inflight_messages (2,000) open handshakes Mosquitto 2.0.11
    // forgets in a restart which had their PUBREC, and delivers those again (seen: 806 of 2,806).
    private const int MostOnTheirWay = 500;

    private readonly SemaphoreSlim _onTheirWay = new(MostOnTheirWay);
    private readonly byte[] _arrivals = new byte[MostMessages];
    private readonly CancellationTokenSource _enough;
    private readonly PublishingEnd _publisher;
    private readonly SubscribingEnd _subscriber;
    private readonly Task<int> _publishing;
    private readonly MqttQos _qos;

    /// <summary>Starts both.</summary>
    /// <param name="clients">Makes them.</param>
    /// <param name="publisher">Options of the publishing client.</param>
    /// <param name="subscriber">Options of the subscribing client.</param>
    /// <param name="qos">Of the messages and of the subscription.</param>
    /// <param name="cancel">Ends the test.</param>
    public FaultStream(IMqttClientFactory clients, MqttClientOptions publisher, MqttClientOptions subscriber, MqttQos qos, CancellationToken cancel)
    {
        _qos = qos;
        _enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _subscriber = new SubscribingEnd(clients, subscriber with { Subscriptions = [new MqttSubscription("telemetry/#", qos)] }, _arrivals, _onTheirWay);
        _publisher = new PublishingEnd(clients, publisher);
        _publishing = Task.Run(() => PublishAsync(cancel), cancel);
    }

    public IMqttClient Publisher => _publisher.Client;

    public IMqttClient Subscriber => _subscriber.Client;

    /// <summary>Each connection but the first of each client found its session.</summary>
    public bool KeptItsSession => _publisher.KeptItsSession && _subscriber.KeptItsSession;

    /// <summary>Waits until both are connected for at least that many times, and messages move again at both.</summary>
    public async Task UntilRunningAsync(int epoch, int messages)
    {
        await Eventually.UntilAsync(
            () => Publisher.IsReady && Subscriber.IsReady && Publisher.Epoch >= epoch && Subscriber.Epoch >= epoch, $"connection {epoch} of both clients");
        var (acknowledged, received) = (_publisher.Acknowledged, _subscriber.Received);
        await Eventually.UntilAsync(
            () => _publisher.Acknowledged > acknowledged + messages && _subscriber.Received > received + messages,
            $"{messages} messages after connection {epoch}");
    }

    /// <summary>
    /// Ends the publishing and checks what arrived: nothing missing, and at QoS 2 nothing twice.
    /// </summary>
    /// <returns>How many messages it was.</returns>
    public async Task<int> CheckAsync()
    {
        await _enough.CancelAsync();
        var published = await _publishing.WaitAsync(Eventually.Timeout);
        await Eventually.UntilAsync(() => _publisher.Acknowledged >= published, "every message to be acknowledged");
        _publisher.Acknowledged.ShouldBe(published);
        _publisher.Refused.ShouldBe(0);
        await Eventually.UntilAsync(() => _subscriber.Distinct >= published, $"all {published} messages to arrive");
        _subscriber.Distinct.ShouldBe(published);
        if (_qos == MqttQos.ExactlyOnce) _subscriber.Received.ShouldBe(published, "a message arrived twice");
        return published;
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();

        // Where the test failed the publisher may be waiting for room that never comes; without its client it stops.
        await _publisher.DisposeAsync();
        await ((Task)_publishing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _subscriber.DisposeAsync();
        _enough.Dispose();
        _onTheirWay.Dispose();
    }

    private async Task<int> PublishAsync(CancellationToken cancel)
    {
        // A message that nobody subscribes to yet arrives nowhere.
        await Eventually.UntilAsync(() => Subscriber.IsReady, "the subscription");
        var payload = new byte[sizeof(int)];
        for (var number = 0; number < MostMessages; number++)
        {
            BinaryPrimitives.WriteInt32BigEndian(payload, number);
            if (_qos == MqttQos.ExactlyOnce) await _onTheirWay.WaitAsync(cancel);
            while (!Publisher.TryPublish(new MqttPublication { Topic = "telemetry/d/m", Payload = payload, Qos = _qos }, number))
                await Publisher.WaitToPublishAsync(cancel);
            if (_enough.IsCancellationRequested) return number + 1;
        }

        return MostMessages;
    }

    private abstract class End : IMqttHandler, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _run;

        protected End(IMqttClientFactory clients, MqttClientOptions options)
        {
            Client = clients.Create(options, this);
            _run = Client.RunAsync(_stop.Token);
        }

        public IMqttClient Client { get; }

        public bool KeptItsSession { get; private set; } = true;

        public void OnConnected(in MqttConnected connected) => KeptItsSession &= connected.SessionPresent || connected.Epoch == 1;

        public virtual void OnPublished(long token, MqttReasonCode reason)
        {
        }

        public virtual void OnMessage(in MqttMessage message)
        {
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }

    private sealed class PublishingEnd(IMqttClientFactory clients, MqttClientOptions options) : End(clients, options)
    {
        private int _acknowledged;

        public int Acknowledged => Volatile.Read(ref _acknowledged);

        public int Refused { get; private set; }

        public override void OnPublished(long token, MqttReasonCode reason)
        {
            if (reason != MqttReasonCode.Success) Refused++;
            Interlocked.Increment(ref _acknowledged);
        }
    }

    private sealed class SubscribingEnd(IMqttClientFactory clients, MqttClientOptions options, byte[] arrivals, SemaphoreSlim onTheirWay) : End(clients, options)
    {
        private int _received;
        private int _distinct;

        public int Received => Volatile.Read(ref _received);

        public int Distinct => Volatile.Read(ref _distinct);

        public override void OnMessage(in MqttMessage message)
        {
            ref var times = ref arrivals[BinaryPrimitives.ReadInt32BigEndian(message.Payload)];
            if (times == 0)
            {
                Interlocked.Increment(ref _distinct);
                onTheirWay.Release();
            }

            if (times < byte.MaxValue) times++;
            Interlocked.Increment(ref _received);
            Client.Acknowledge(message.Delivery);
        }
    }
}
