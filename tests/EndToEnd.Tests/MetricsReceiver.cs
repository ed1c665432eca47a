using System.Collections.Concurrent;
using Tally.Testing;

namespace Tally.EndToEnd.Tests;

/// <summary>Keeps the last that each service has said of each instrument.</summary>
internal sealed class MetricsReceiver : IDisposable
{
    private readonly ConcurrentDictionary<(string Service, string Name), ReceivedMetric> _last = new();
    private readonly OtlpHttpServer _server;

    public MetricsReceiver() => _server = new OtlpHttpServer((path, body) =>
    {
        if (path == "/v1/metrics") Read(new ProtobufFields(body));
        return Task.CompletedTask;
    });

    /// <summary>Its address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it.</summary>
    public string Address => _server.Address;

    /// <summary>Instruments of Tally that were heard of.</summary>
    public IEnumerable<ReceivedMetric> OfTally => _last.Where(one => one.Key.Name.StartsWith("tally.", StringComparison.Ordinal)).Select(one => one.Value);

    /// <summary>The last that a service said of an instrument; null: nothing.</summary>
    public ReceivedMetric? this[string service, string name] => _last.GetValueOrDefault((service, name));

    public void Dispose() => _server.Dispose();

    // The numbers of the fields are those of opentelemetry/proto/metrics/v1/metrics.proto.
    private void Read(ProtobufFields request)
    {
        foreach (var resource in request.Messages(1))
        {
            var service = resource.Messages(1).Single().Messages(1).Single(attribute => attribute.Text(1) == "service.name").Messages(2).Single().Text(1);
            foreach (var metric in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                var numbers = metric.Messages(5).Concat(metric.Messages(7)).SelectMany(data => data.Messages(1)).Select(NumberOf).ToList();
                var counts = metric.Messages(9).SelectMany(data => data.Messages(1)).Select(point => (double)(point.Fixed(4) ?? 0)).ToList();
                _last[(service, metric.Text(1))] = new ReceivedMetric(metric.Text(1), metric.Text(2), metric.Text(3), numbers.Sum() + counts.Sum());
            }
        }
    }

    private static double NumberOf(ProtobufFields point) => point.Fixed(6) is { } integer ? (long)integer : BitConverter.UInt64BitsToDouble(point.Fixed(4) ?? 0);
}

/// <summary>What a service has said of an instrument.</summary>
/// <param name="Name">The instrument.</param>
/// <param name="Description">What it is.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Value">Its number; how many were recorded, of a histogram.</param>
internal sealed record ReceivedMetric(string Name, string Description, string Unit, double Value);
