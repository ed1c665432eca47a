using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Tally.Integration.Tests.Telemetry;

/// <summary>Adds up what the instruments of Tally in this process say.</summary>
internal sealed class Counters : IDisposable
{
    private readonly ConcurrentDictionary<string, double> _sums = new();
    private readonly ConcurrentDictionary<string, int> _recordings = new();
    private readonly MeterListener _listener = new();

    public Counters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("Tally.", StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Add(instrument, value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        _listener.Start();
    }

    /// <summary>Sum of what an instrument has said.</summary>
    public double this[string instrument] => _sums.GetValueOrDefault(instrument);

    /// <summary>How often an instrument has said something.</summary>
    public int RecordingsOf(string instrument) => _recordings.GetValueOrDefault(instrument);

    /// <summary>Asks an instrument that speaks only when it is asked.</summary>
    public double Ask(string instrument)
    {
        _sums.TryRemove(instrument, out _);
        _listener.RecordObservableInstruments();
        return this[instrument];
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value)
    {
        _sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
        _recordings.AddOrUpdate(instrument.Name, 1, (_, count) => count + 1);
    }
}
