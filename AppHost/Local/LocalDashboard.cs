using System.Text.RegularExpressions;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>
/// The Aspire dashboard as a child: shows traces, metrics and logs of whatever sends them to its OTLP ports. It asks nobody who
/// they are, so it is bound to loopback. Nothing depends on it.
/// </summary>
internal sealed partial class LocalDashboard
{
    /// <summary>Its name in logs.</summary>
    public const string Name = "dashboard";

    private const int PreferredPort = 18_888;
    private const int PreferredGrpcPort = 4317;
    private const int PreferredHttpPort = 4318;

    // A run of a million readings makes a thousand traces of readings and up to 1,500 of their batches, and the page one for each request.
    // Twice the dashboard's own 10,000 keeps several such runs: at some 10 kB a trace, 200 MB when it is full.
    private const int MaxTraces = 20_000;

    // Its first start unpacks 150 MB; every other one takes about four seconds.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    // It has nothing to write.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly string _program;
    private readonly LocalPort _port;
    private readonly LocalPort _grpcPort;
    private readonly LocalPort _httpPort;
    private bool _wasReady;

    /// <param name="program">The Aspire CLI.</param>
    /// <param name="health">Asks whether it is ready.</param>
    /// <param name="screen">Where ports that are taken are said.</param>
    public LocalDashboard(string program, HealthProbe health, Screen screen)
    {
        _program = program;
        _port = new LocalPort("the dashboard", PreferredPort, screen);
        _grpcPort = new LocalPort("its OTLP receiver", PreferredGrpcPort, screen);
        _httpPort = new LocalPort("its OTLP receiver for HTTP", PreferredHttpPort, screen);
        Plan = new ResourcePlan
        {
            Name = Name,
            Port = _port,
            PrepareAsync = _ => Task.FromResult(Prepare()),
            WhatIsMissingAsync = async cancel =>
            {
                var missing = await health.WhatIsMissingAsync(_port.Number, "/health", cancel);
                _wasReady |= missing is null;
                return missing;
            },
            StartTimeout = StartTimeout,
            StopTimeout = StopTimeout,
            IfKilled = "it keeps nothing.",
            IsShown = line => Complaint().IsMatch(line),
        };
    }

    /// <summary>How it is started.</summary>
    public ResourcePlan Plan { get; }

    /// <summary>Its page.</summary>
    public Uri Page => new($"http://127.0.0.1:{_port.Number}");

    /// <summary>Where telemetry goes, OTLP over gRPC.</summary>
    public Uri Receiver => new($"http://127.0.0.1:{_grpcPort.Number}");

    private ChildCommand Prepare()
    {
        _grpcPort.Choose(first: !_wasReady);
        _httpPort.Choose(first: !_wasReady);
        var environment = new Dictionary<string, string>
        {
            ["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "true",
            ["DASHBOARD__TELEMETRYLIMITS__MAXTRACECOUNT"] = $"{MaxTraces}",
        };
        if (_program.StartsWith(Programs.DashboardDirectory, StringComparison.Ordinal)) environment["HOME"] = Programs.DashboardDirectory; // it unpacks there
        return new ChildCommand
        {
            Name = Name,
            Program = _program,
            Arguments =
            [
                "dashboard", "run", "--allow-anonymous", "--nologo", "--non-interactive",
                "--frontend-url", Page.OriginalString,
                "--otlp-grpc-url", Receiver.OriginalString,
                "--otlp-http-url", $"http://127.0.0.1:{_httpPort.Number}",
            ],
            Environment = environment,
            WorkingDirectory = Path.GetTempPath(), // it looks for an Aspire project where it is started
        };
    }

    [GeneratedRegex(@"^\s*(fail|crit|error|unhandled)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Complaint();
}
