namespace Tally.SensorSimulator.Sources;

/// <summary>Where readings come from.</summary>
internal interface IReadingSource
{
    /// <summary>Its name on the command line and in the run's announcement.</summary>
    string Name { get; }

    /// <summary>The metric that its devices measure; the last level of the topic.</summary>
    string Metric { get; }

    /// <summary>Unit of the values, from the SenML registry (RFC 8428, 12.1).</summary>
    string Unit { get; }

    /// <summary>A reading's value: the same for the same arguments, whenever and however often it is asked for.</summary>
    /// <param name="device">Number of the device, from 0.</param>
    /// <param name="seq">Number of the reading in its series, from 1.</param>
    /// <param name="at">When it is measured, UTC; a pure function of <paramref name="seq"/> in a run.</param>
    double ValueOf(int device, long seq, DateTime at);
}
