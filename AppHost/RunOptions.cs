namespace Tally.AppHost;

/// <summary>What the command line asks for.</summary>
internal sealed record RunOptions
{
    /// <summary>Readings to publish.</summary>
    public long Messages { get; init; }

    /// <summary>Devices that take turns.</summary>
    public int Devices { get; init; }

    /// <summary>Readings per second; 0: as fast as acknowledgements allow.</summary>
    public long Rate { get; init; }

    /// <summary>QoS of the readings.</summary>
    public int Qos { get; init; }

    /// <summary>Where the readings come from.</summary>
    public string Source { get; init; } = "";

    /// <summary>The run ends with status 3 after this long without progress.</summary>
    public TimeSpan StallTimeout { get; init; }

    /// <summary>Stop everything when the run is over.</summary>
    public bool Exit { get; init; }

    /// <summary>Where the report goes, absolute; null: nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Throw the local data away first.</summary>
    public bool Reset { get; init; }

    /// <summary>Port of the web page.</summary>
    public int Port { get; init; }

    /// <summary>Start the Aspire dashboard, where it is to be had, and send telemetry to it.</summary>
    public bool Dashboard { get; init; }

    /// <summary>How everything is started.</summary>
    public LaunchMode Mode { get; init; }

    /// <summary>Instances of Ingest that share the work; more than one on Aspire only.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>MQTT client of the services; null: their own choice.</summary>
    public string? Client { get; init; }

    /// <summary>Directory for data, logs and passwords, absolute; null: <c>artifacts/local</c> of the clone.</summary>
    public string? Data { get; init; }
}
