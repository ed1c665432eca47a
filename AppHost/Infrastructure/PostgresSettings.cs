namespace Tally.AppHost.Infrastructure;

/// <summary>
/// PostgreSQL's settings, given on its command line so that a change here works on data that exist already. What is not
/// named keeps its default; above all <c>fsync</c> and <c>synchronous_commit</c> stay on: "stored" means on disk. Autovacuum stays too.
/// </summary>
internal sealed record PostgresSettings
{
    /// <summary>
    /// Page cache. One million readings are about 130 MB with their index; the pages that a run writes to stay in memory with
    /// 256 MB. It is taken from the machine only as it is used.
    /// </summary>
    public string SharedBuffers { get; init; } = "256MB";

    /// <summary>
    /// How much log may pass between two checkpoints. A run of a million writes about 250 MB of it; at the default of 1 GB
    /// a long run would pay for a checkpoint, and for whole pages in the log after it, every few million readings.
    /// </summary>
    public string MaxWalSize { get; init; } = "2GB";

    /// <summary>The same by time. Recovery after a crash reads at most this much: seconds.</summary>
    public string CheckpointTimeout { get; init; } = "15min";

    /// <summary>Each connection is a process. Ingest, QueryApi and a few people with psql need less than 40.</summary>
    public int MaxConnections { get; init; } = 60;

    /// <summary>As arguments of <c>postgres</c> on this machine.</summary>
    public IReadOnlyList<string> ToArguments() =>
    [
        .. InContainer(),
        .. Setting("unix_socket_directories", ""), // TCP only: no socket files in shared directories
        .. Setting("listen_addresses", "127.0.0.1"),
    ];

    /// <summary>As arguments of <c>postgres</c> in a container, where it is reached from outside and its image's scripts need its socket.</summary>
    public IReadOnlyList<string> InContainer() =>
    [
        .. Setting("shared_buffers", SharedBuffers),
        .. Setting("max_wal_size", MaxWalSize),
        .. Setting("checkpoint_timeout", CheckpointTimeout),
        .. Setting("max_connections", $"{MaxConnections}"),
        .. Setting("synchronous_commit", "on"),
        .. Setting("wal_compression", "off"), // costs processor time, which is what is short on one machine; disk is not
        .. Setting("jit", "off"), // queries here are short; compiling one takes longer than running it
        .. Setting("huge_pages", "off"), // nothing to configure on the machine
        .. Setting("logging_collector", "off"), // the log goes to AppHost
        .. Setting("log_line_prefix", "%m [%p] "),
        .. Setting("timezone", "UTC"),
        .. Setting("log_timezone", "UTC"),
    ];

    private static string[] Setting(string name, string value) => ["-c", $"{name}={value}"];
}
