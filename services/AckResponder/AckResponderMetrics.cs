using System.Diagnostics.Metrics;

namespace Tally.AckResponder;

/// <summary>What the service counts. One meter, all names here.</summary>
internal sealed class AckResponderMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Tally.AckResponder";

    private readonly Meter _meter;

    public AckResponderMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        Notices = _meter.CreateCounter<long>("tally.notices", "{notice}", "Notices received.");
        MalformedNotices = _meter.CreateCounter<long>("tally.notices.malformed", "{notice}", "Notices that could not be read.");
        Acknowledgements = _meter.CreateCounter<long>("tally.acknowledgements", "{acknowledgement}", "Acknowledgements that the broker took for a subscriber.");
        Unheard = _meter.CreateCounter<long>("tally.acknowledgements.unheard", "{acknowledgement}", "Acknowledgements settled although nobody subscribed.");
        Refused = _meter.CreateCounter<long>("tally.acknowledgements.refused", "{acknowledgement}", "Acknowledgements settled although the broker would not take them.");
    }

    public Counter<long> Notices { get; }

    public Counter<long> MalformedNotices { get; }

    public Counter<long> Acknowledgements { get; }

    public Counter<long> Unheard { get; }

    public Counter<long> Refused { get; }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
