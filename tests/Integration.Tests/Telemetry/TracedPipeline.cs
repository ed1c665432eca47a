using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Tally.Ingest;
using Tally.Integration.Tests.AckResponder;
using Tally.Integration.Tests.Ingest;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Telemetry;

/// <summary>The services in this process, where they can be listened to; real broker, real database.</summary>
internal sealed class TracedPipeline : IAsyncDisposable
{
    private readonly WebApplication _ingest;
    private readonly AckResponderHost _responder;

    private TracedPipeline(MosquittoServer broker, WebApplication ingest, AckResponderHost responder) =>
        (Broker, _ingest, _responder) = (broker, ingest, responder);

    public MosquittoServer Broker { get; }

    public static async Task<TracedPipeline> StartAsync(IngestServers servers)
    {
        var cancel = TestContext.Current.CancellationToken;
        var broker = await MosquittoServer.StartAsync(cancel);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Tally.Ingest" });
        builder.Configuration["ConnectionStrings:mqtt"] = broker.AddressOf("ingest").OriginalString;
        builder.Configuration["ConnectionStrings:telemetry"] = await servers.CreateMigratedAsync();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddIngest();
        builder.Logging.ClearProviders();
        var ingest = builder.Build();
        ingest.MapHealthEndpoints();
        await ingest.StartAsync(cancel);
        var pipeline = new TracedPipeline(broker, ingest, await AckResponderHost.StartAsync(broker.AddressOf("ackresponder")));
        using var http = new HttpClient { BaseAddress = new Uri(ingest.Urls.Single()) };
        await Eventually.UntilAsync(async () => (await http.GetAsync("/health/ready", cancel)).IsSuccessStatusCode, "Ingest to be ready");
        await pipeline._responder.UntilReadyAsync();
        return pipeline;
    }

    /// <summary>Executes a run of its own name.</summary>
    public Task<RunOutcome> RunAsync(long messages, int traceEvery) =>
        new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(
            Simulator.Runs.Of(messages) with { Run = $"traced-{Guid.NewGuid():n}", TraceEvery = traceEvery, Window = new() },
            Broker.AddressOf("simulator"),
            new Simulator.SilentProgress(),
            TestContext.Current.CancellationToken);

    /// <summary>Stops the services, so that everything has ended that will.</summary>
    public async Task StopAsync()
    {
        await _ingest.StopAsync(TestContext.Current.CancellationToken);
        await _responder.App.StopAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _ingest.DisposeAsync();
        await _responder.DisposeAsync();
        await Broker.DisposeAsync();
    }
}
