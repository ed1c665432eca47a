using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Tally.AckResponder;

namespace Tally.Unit.Tests.AckResponder;

/// <summary>Listens to the meter of one test's services.</summary>
internal sealed class Counts : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _counts = new();
    private readonly MeterListener _listener = new();

    public Counts(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == AckResponderMetrics.MeterName && instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, added, _, _) => _counts.AddOrUpdate(instrument.Name, added, (_, count) => count + added));
        _listener.Start();
    }

    public long this[string name] => _counts.GetValueOrDefault(name);

    public void Dispose() => _listener.Dispose();
}
