using System.Text.RegularExpressions;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>Everything that the local mode starts, described.</summary>
internal sealed partial class LocalResources : IDisposable
{
    private const string NoDashboard =
        "There is no Aspire dashboard: 'aspire' is not on PATH, and scripts/dashboard.sh brings it only where npm is and reaches its registry "
        + "(log: artifacts/dashboard.log). The run goes on without it; --no-dashboard keeps this line away.";

    /// <summary>The database of the store.</summary>
    public const string Database = "telemetry";

    // Making a database takes a second; recovering one after a crash reads at most PostgresSettings.MaxWalSize: a minute on a slow disk.
    private static readonly TimeSpan ServerStart = TimeSpan.FromSeconds(90);

    // One or two seconds, and ten times that on a machine that is busy with something else.
    private static readonly TimeSpan ServiceStart = TimeSpan.FromSeconds(60);

    // A batch is stored and acknowledged in well under a second. Longer than Ingest's own limit for it (20 s by default),
    // which it needs whole where the database cannot take anything (with a full disk, for example), and 3 s for its last telemetry.
    private static readonly TimeSpan ServiceStop = TimeSpan.FromSeconds(28);

    // Writes its queue, at most max_queued_bytes (1 GB).
    private static readonly TimeSpan MosquittoStop = TimeSpan.FromSeconds(30);

    // Writes its cache (256 MB) and a checkpoint.
    private static readonly TimeSpan PostgresStop = TimeSpan.FromSeconds(60);

    private readonly HealthProbe _health = new();
    private readonly TelemetryVariables _telemetry = TelemetryVariables.OfEnvironment();
    private readonly RunOptions _options;
    private readonly LocalData _data;
    private readonly IReadOnlyDictionary<string, string> _passwords;
    private readonly LocalPort _mqttPort;
    private readonly LocalPort _postgresPort;
    private readonly LocalPort _pagePort;
    private LocalMosquitto? _mosquitto;
    private LocalPostgres? _postgres;

    public LocalResources(RunOptions options, LocalData data, Screen screen)
    {
        (_options, _data, _passwords) = (options, data, data.Passwords());
        _mqttPort = new LocalPort("the broker", 1883, screen);
        _postgresPort = new LocalPort("the database", 5432, screen);
        _pagePort = new LocalPort("the web page", options.Port, screen);
        if (options.Dashboard && _telemetry.UsersReceiver is null)
        {
            if (Programs.Aspire() is { } aspire) Dashboard = new LocalDashboard(aspire, _health, screen);
            else screen.Say(NoDashboard);
        }

        Mosquitto = new ResourcePlan
        {
            Name = "mosquitto",
            Port = _mqttPort,
            PrepareAsync = _ =>
            {
                _mosquitto = new LocalMosquitto(_data.Mosquitto, _mqttPort.Number, BrokerPasswords);
                return Task.FromResult(_mosquitto.Command);
            },
            WhatIsMissingAsync = async cancel => await Broker.IsReadyAsync(cancel) ? null : "it does not let a user in",
            StartTimeout = ServerStart,
            StopTimeout = MosquittoStop,
            IfKilled = "what it had not written is gone from its memory; publishers that re-send until acknowledged lose nothing.",
            IsShown = line => MosquittoComplaint().IsMatch(line),
        };
        Postgres = new ResourcePlan
        {
            Name = "postgres",
            Port = _postgresPort,
            PrepareAsync = async cancel =>
            {
                _postgres = new LocalPostgres(_data.Postgres, _postgresPort.Number, _passwords["postgres"], new PostgresSettings());
                await _postgres.PrepareAsync(cancel);
                return _postgres.Command;
            },
            WhatIsMissingAsync = async cancel => await Server.IsReadyAsync(cancel) ? null : "it takes no connections",
            StartTimeout = ServerStart,
            StopTimeout = PostgresStop,
            IfKilled = "what is committed is on disk; the next start recovers it.",
            IsShown = line => PostgresComplaint().IsMatch(line),
        };
        Ingest = Service("ingest", "Ingest", new LocalPort("ingest", null, screen), "the broker delivers again what was not acknowledged.");
        AckResponder = Service("ackresponder", "AckResponder", new LocalPort("ackresponder", null, screen), "the broker delivers its notices again.");
        QueryApi = Service("queryapi", "QueryApi", _pagePort, "it keeps nothing.");
    }

    /// <summary>The dashboard; null: none is wanted, none is to be had, or the user sends telemetry elsewhere.</summary>
    public LocalDashboard? Dashboard { get; private set; }

    /// <summary>The broker.</summary>
    public ResourcePlan Mosquitto { get; }

    /// <summary>The database.</summary>
    public ResourcePlan Postgres { get; }

    /// <summary>Stores readings.</summary>
    public ResourcePlan Ingest { get; }

    /// <summary>Acknowledges them.</summary>
    public ResourcePlan AckResponder { get; }

    /// <summary>Web page and API.</summary>
    public ResourcePlan QueryApi { get; }

    /// <summary>All that the run needs.</summary>
    public IReadOnlyList<ResourcePlan> All => [Mosquitto, Postgres, Ingest, AckResponder, QueryApi];

    /// <summary>The broker, once it was started.</summary>
    public LocalMosquitto Broker => _mosquitto ?? throw new InvalidOperationException("The broker was not started yet.");

    /// <summary>The database server, once it was started.</summary>
    public LocalPostgres Server => _postgres ?? throw new InvalidOperationException("The database was not started yet.");

    /// <summary>Address of the web page and the API.</summary>
    public Uri Page => new($"http://127.0.0.1:{_pagePort.Number}");

    /// <summary>Where telemetry goes, as a person reads it; null: nowhere.</summary>
    public string? Telemetry => Dashboard?.Page.AbsoluteUri ?? _telemetry.UsersReceiver;

    /// <summary>Goes on without the dashboard, which could not be started.</summary>
    public void LeaveOutDashboard() => Dashboard = null;

    /// <summary>The one-shot that brings the schema up to date.</summary>
    public ChildCommand Migrate()
    {
        var environment = ServiceEnvironment("ingest", null);
        environment["OTEL_SERVICE_NAME"] = "migrate";
        return Dotnet("migrate", "Ingest", ["migrate"], environment);
    }

    /// <summary>The run.</summary>
    public ChildCommand Simulator()
    {
        List<string> arguments =
        [
            "run", "--messages", $"{_options.Messages}", "--devices", $"{_options.Devices}", "--rate", $"{_options.Rate}", "--qos", $"{_options.Qos}",
            "--source", _options.Source, "--stall-timeout", $"{_options.StallTimeout.TotalSeconds}",
        ];
        if (_options.Report is { } report) arguments.AddRange(["--report", report]);
        return Dotnet("simulator", "SensorSimulator", arguments, ServiceEnvironment("simulator", null)) with
        {
            WritesThrough = true,
            StopSignal = Signal.Interrupt,
        };
    }

    public void Dispose() => _health.Dispose();

    private Dictionary<string, string> BrokerPasswords => BrokerUsers.All.ToDictionary(user => user, user => _passwords[user]);

    private ResourcePlan Service(string name, string project, LocalPort port, string ifKilled) => new()
    {
        Name = name,
        Port = port,
        PrepareAsync = _ => Task.FromResult(Dotnet(name, project, [], ServiceEnvironment(name, port.Number))),
        WhatIsMissingAsync = cancel => _health.WhatIsMissingAsync(port.Number, "/health/ready", cancel),
        StartTimeout = ServiceStart,
        StopTimeout = ServiceStop,
        IfKilled = ifKilled,
    };

    // The variables that Aspire gives a project, by the same names.
    private Dictionary<string, string> ServiceEnvironment(string name, int? port)
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__mqtt"] = Broker.AddressOf(name).OriginalString,
            ["Logging__LogLevel__Microsoft"] = "Warning", // "now listening", "application started": AppHost says so itself
        };
        _telemetry.AddTo(environment, name, Dashboard?.Receiver);
        if (name is "ingest" or "queryapi") environment["ConnectionStrings__telemetry"] = Server.ConnectionStringOf(Database);
        if (port is not null) environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        if (_pagePort.Number != 0) environment["services__queryapi__http__0"] = Page.OriginalString;
        if (_options.Client is { } client) environment["Mqtt__Client"] = client;
        return environment;
    }

    private static ChildCommand Dotnet(string name, string project, IReadOnlyList<string> arguments, Dictionary<string, string> environment)
    {
        var directory = Path.Combine(Repository.Root, "services", project, "bin", Repository.Configuration, Repository.Framework);
        var program = Path.Combine(directory, $"Tally.{project}.dll");
        if (!File.Exists(program)) throw new EnvironmentException($"{program} is not built: dotnet build AppHost -c {Repository.Configuration}");
        return new ChildCommand
        {
            Name = name,
            Program = DotnetHost.Path,
            Arguments = [program, .. arguments],
            Environment = environment,
            WorkingDirectory = directory, // where its appsettings.json and wwwroot are
        };
    }

    [GeneratedRegex(@"^\S+ (Warning|Error)\b|: (Warning|Error):")]
    private static partial Regex MosquittoComplaint();

    // Errors of single statements are the business of who sent them, and said there.
    [GeneratedRegex(@"\] (WARNING|PANIC|FATAL: +(?! |the database system|terminating|password|sorry))")]
    private static partial Regex PostgresComplaint();
}
