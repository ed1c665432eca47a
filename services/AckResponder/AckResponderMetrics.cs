using System.Diagnostics.Metrics;
using Tally.AckResponder.Broker;

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
        BrokerSigns = _meter.CreateCounter<long>("tally.broker.signs", "{sign}", "What the broker complained about, by kind: oversize, refused, impersonating, nearlyfull, dropping.");
        _meter.CreateObservableCounter("tally.broker.messages.dropped", () => Measured(Broker.Dropped), "{message}", "Messages that the broker has dropped since its start, as it says itself.");
        _meter.CreateObservableUpDownCounter("tally.broker.messages.queued", () => Measured(Broker.Queued), "{message}", "Messages that wait in the broker for a subscriber or its acknowledgement, as it says itself.");
    }

    /// <summary>What the broker says of itself.</summary>
    public BrokerFigures Broker { get; } = new();

    public Counter<long> Notices { get; }

    public Counter<long> MalformedNotices { get; }

    public Counter<long> Acknowledgements { get; }

    public Counter<long> Unheard { get; }

    public Counter<long> Refused { get; }

    public Counter<long> BrokerSigns { get; }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    // What is not known is not said; never 0.
    private static IEnumerable<Measurement<long>> Measured(long? number) => number is { } known ? [new Measurement<long>(known)] : [];
}
