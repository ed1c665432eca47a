using System.CommandLine;
using System.Reflection;
using Tally.ServiceDefaults;
using Tally.Testing.Processes;
using Tally.Testing;

namespace Tally.Benchmarks.Tracing;

/// <summary>The verb <c>tracing</c>.</summary>
internal static class TracingCommand
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var pairs = new Option<int>("--pairs") { Description = "Pairs of slices, at least 20 for a figure to quote.", DefaultValueFactory = _ => 40 };
        var slice = new Option<int>("--slice") { Description = "Messages in a slice; a pair of them should take ten seconds, in which metrics go out once.", DefaultValueFactory = _ => 100_000 };
        var devices = new Option<int>("--devices") { Description = "Devices that take turns.", DefaultValueFactory = _ => 100 };
        var every = new Option<int>("--every") { Description = "One of so many readings is traced; 1: all.", DefaultValueFactory = _ => 1_000 };
        var rate = new Option<int>("--rate") { Description = "Messages a second; 0: as fast as they are acknowledged, where a slice's cost varies by half from one to the next.", DefaultValueFactory = _ => 20_000 };
        foreach (var (option, least) in ((Option<int>, int)[])[(pairs, 1), (slice, 1), (devices, 1), (every, 1), (rate, 0)])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < least)
                    result.AddError($"{option.Name} is '{result.Tokens[0].Value}': a number from {least} is allowed.");
            });
        }

        var nothing = new Option<bool>("--nothing") { Description = "Exports on neither side: how far the method itself is off." };
        var json = JsonFile.Option();
        var command = new Command("tracing", "Measures what traces, metrics and logs cost: processor time with their export and without, in turns.")
        {
            pairs, slice, devices, every, rate, nothing, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var benchmark = new TracingBenchmark(parsed.GetValue(slice), parsed.GetValue(pairs), parsed.GetValue(devices), parsed.GetValue(every), parsed.GetValue(rate));
            await using var dashboard = parsed.GetValue(nothing) ? null : await StartDashboardAsync(cancellationToken);
            await JsonFile.WriteAsync(parsed.GetValue(json), await benchmark.RunAsync(dashboard?.Receiver, Console.Out, cancellationToken), cancellationToken);
        });
        return command;
    }

    // The one that AppHost starts, from the same package.
    private static async Task<RunningDashboard> StartDashboardAsync(CancellationToken cancellationToken)
    {
        var program = typeof(AppHost.RunOptions).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(data => data.Key.Equals("aspiredashboardpath", StringComparison.OrdinalIgnoreCase)).Value!;
        var (page, receiver) = (new Uri($"http://127.0.0.1:{FreePort.Any()}"), new Uri($"http://127.0.0.1:{FreePort.Any()}"));
        var process = ChildProcess.Start(
            new ChildCommand
            {
                Name = "dashboard",
                Program = program,
                WorkingDirectory = Path.GetDirectoryName(program),
                Environment = new Dictionary<string, string>
                {
                    ["ASPNETCORE_URLS"] = page.OriginalString,
                    ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = receiver.OriginalString,
                    ["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true",
                },
            },
            onLine: null);
        await Eventually.UntilAsync(
            async () => !process.Exited.IsCompleted
                ? await Probes.ListenerAsync(page, TimeSpan.FromSeconds(1)) is null
                : throw new InvalidOperationException($"The dashboard ended with {await process.Exited}:\n{string.Join('\n', process.LastLines)}"),
            "the dashboard to be ready",
            StartTimeout);
        return new RunningDashboard(receiver, process);
    }

    private sealed class RunningDashboard(Uri receiver, ChildProcess process) : IAsyncDisposable
    {
        public Uri Receiver => receiver;

        public async ValueTask DisposeAsync()
        {
            await process.StopAsync(StopTimeout);
            await process.DisposeAsync();
        }
    }
}
