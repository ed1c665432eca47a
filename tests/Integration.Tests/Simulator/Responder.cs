using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.AckResponder;
using Tally.AckResponder.Broker;
using Tally.AckResponder.Notices;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Simulator;

/// <summary>AckResponder's session, in this process.</summary>
internal sealed class Responder : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Task _running;

    private Responder(MosquittoServer broker, AckResponderOptions options)
    {
        Metrics = new AckResponderMetrics(_services.GetRequiredService<IMeterFactory>());
        Session = new NoticeSession(
            new BrokerSessions(broker.AddressOf("ackresponder"), options.ClientId), options, new MqttClientFactory(), Metrics, TimeProvider.System, NullLogger<NoticeSession>.Instance);
        _running = Session.RunAsync(_stop.Token);
    }

    public NoticeSession Session { get; }

    public AckResponderMetrics Metrics { get; }

    public static async Task<Responder> StartAsync(MosquittoServer broker, AckResponderOptions? options = null)
    {
        var responder = new Responder(broker, options ?? new AckResponderOptions());
        await Eventually.UntilAsync(() => responder.Session.IsConnected, "AckResponder to be subscribed");
        return responder;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        await _services.DisposeAsync();
    }
}
