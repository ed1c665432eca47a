namespace Tally.AppHost;

/// <summary>What the command line asks for.</summary>
internal sealed record RunOptions
{
    /// <summary>Readings to publish; 0: none, the system waits for sensors.</summary>
    public long Messages { get; init; }

    /// <summary>Devices that take turns.</summary>
    public long Devices { get; init; }

    /// <summary>Readings per second; 0: as fast as acknowledgements allow.</summary>
    public long Rate { get; init; }

    /// <summary>QoS of the readings.</summary>
    public string Qos { get; init; } = "1";

    /// <summary>Where the readings come from.</summary>
    public string Source { get; init; } = "synthetic";

    /// <summary>Seconds without progress after which the run ends with status 3.</summary>
    public long StallTimeout { get; init; }

    /// <summary>Stop everything when the run is over.</summary>
    public bool Exit { get; init; }

    /// <summary>Where the report goes, absolute; null: nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Throw the local data away first.</summary>
    public bool Reset { get; init; }

    /// <summary>Port of the web page.</summary>
    public int Port { get; init; }

    /// <summary>Start the Aspire dashboard and send telemetry to it.</summary>
    public bool Dashboard { get; init; }

    /// <summary>Instances of Ingest that share the messages.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Directory for data, logs and passwords, absolute.</summary>
    public required string Data { get; init; }

    /// <summary><c>local</c> or <c>containers</c>; null: containers where an engine answers.</summary>
    public string? Infra { get; init; }

    /// <summary>Broker and database are containers: what became of <see cref="Infra"/>.</summary>
    public bool Containers { get; init; }

    /// <summary>The simulator's arguments for so many readings.</summary>
    public string[] SimulatorArguments(long messages) =>
    [
        "run", "--messages", $"{messages}", "--devices", $"{Devices}", "--rate", $"{Rate}", "--qos", Qos, "--source", Source, "--stall-timeout", $"{StallTimeout}",
        .. Report is { } report && messages == Messages ? (string[])["--report", report] : [],
    ];
}
