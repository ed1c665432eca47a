using Microsoft.Extensions.Options;
using Tally.Ingest.Decoding;
using Tally.Ingest.Replaying;
using Tally.Ingest.Retiring;
using Tally.ServiceDefaults;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>The command line: a verb or none, then settings; and what goes wrong before anything runs, in one line each.</summary>
internal static class IngestCommand
{
    /// <summary>The verb that brings the database to this version's schema.</summary>
    public const string Migrate = "migrate";

    /// <summary>The verb that takes an instance out for good.</summary>
    public const string Retire = "retire";

    /// <summary>The verb that says what would be stored of a message.</summary>
    public const string Decode = "decode";

    /// <summary>The verb that reads dead letters in again.</summary>
    public const string Replay = "replay";

    /// <summary>Options of verbs, and the settings that they stand for.</summary>
    private static readonly (string Verb, string Option, string Setting)[] Options =
    [
        (Retire, "--instance", $"{IngestOptions.Section}:{nameof(IngestOptions.Instance)}"),
        (Decode, "--topic", $"{DecodeOptions.Section}:{nameof(DecodeOptions.Topic)}"),
        (Decode, "--source", $"{DecodeOptions.Section}:{nameof(DecodeOptions.Source)}"),
        (Decode, "--file", $"{DecodeOptions.Section}:{nameof(DecodeOptions.File)}"),
        (Replay, "--reason", $"{ReplayOptions.Section}:{nameof(ReplayOptions.Reason)}"),
        (Replay, "--topic", $"{ReplayOptions.Section}:{nameof(ReplayOptions.Topic)}"),
    ];

    /// <summary>Names of the sections that settings may be about.</summary>
    private static readonly string[] Sections =
    [
        IngestOptions.Section, "Storage", "Partitions", "ConnectionStrings", "Logging", "Kestrel", "urls", "environment", "contentRoot", "Mqtt", "Telemetry",
        RetireOptions.Section, DecodeOptions.Section, ReplayOptions.Section, "DeadLetters",
    ];

    private static readonly string Usage =
        $"usage: Ingest [{Migrate} | {HealthVerb.Name} | {Retire} --instance NAME | {Decode} --topic TOPIC [--source PRESET] < PAYLOAD | {Decode} --file CAPTURE | {Replay} --reason TEXT | {Replay} --topic FILTER] [--Section:Name=value ...]   (for example --Ingest:BatchSize=500; sections: {string.Join(", ", Sections)})";

    /// <summary>Runs a verb.</summary>
    /// <param name="args">Arguments of the process.</param>
    /// <param name="run">Runs it, given the verb (empty: the service) and its settings; returns the exit status.</param>
    /// <returns>Exit status: 0 done or stopped, 2 usage, 3 environment.</returns>
    /// <param name="errors">Gets the line that says what is wrong.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter errors, Func<string, string[], Task<int>> run)
    {
        var verb = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "";
        var settings = verb.Length > 0 ? args[1..] : args;
        if (verb is not ("" or Migrate or Retire or Decode or Replay)) return Fail(errors, ExitStatus.Usage, $"'{verb}' is no verb; {Usage}");
        foreach (var (_, option, setting) in Options.Where(option => option.Verb == verb))
        {
            if (!TryTake(ref settings, option, setting)) return Fail(errors, ExitStatus.Usage, $"{option} needs a value; {Usage}");
        }

        if (verb == Retire && !settings.Any(setting => setting.StartsWith($"--{Options[0].Setting}=", StringComparison.Ordinal)))
            return Fail(errors, ExitStatus.Usage, $"{Retire} needs --instance NAME, the instance that leaves for good; {Usage}");
        if (Array.Find(settings, setting => !IsSetting(setting)) is { } unknown) return Fail(errors, ExitStatus.Usage, $"'{unknown}' is no setting; {Usage}");
        try
        {
            return await run(verb, settings);
        }
        catch (OptionsValidationException error)
        {
            return Fail(errors, ExitStatus.Usage, string.Join(Environment.NewLine, error.Failures));
        }
        catch (FormatException error)
        {
            return Fail(errors, ExitStatus.Usage, $"{error.Message} (--urls, environment ASPNETCORE_URLS: expected http://host:port)");
        }
        catch (IOException error)
        {
            return Fail(errors, ExitStatus.Environment, $"{error.Message} (--urls, environment ASPNETCORE_URLS)"); // the port of the health end points is taken
        }
    }

    /// <summary>Runs the service until it is stopped.</summary>
    public static async Task<int> RunIngestAsync(this WebApplication app)
    {
        CheckSetting(app.Configuration.BrokerAddress);
        CheckSetting(app.Configuration.TelemetryConnectionString);
        var exit = app.Services.GetRequiredService<ExitStatus>(); // it outlives the host
        await app.RunAsync();
        return exit.Code;
    }

    /// <summary>Migrates.</summary>
    public static async Task<int> MigrateAsync(this WebApplication app)
    {
        await using (app)
        {
            var connectionString = CheckSetting(app.Configuration.TelemetryConnectionString);
            return await MigrateVerb.RunAsync(
                connectionString,
                app.Services.GetRequiredService<IngestOptions>(),
                app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Tally.Ingest.Migrate"),
                app.Lifetime.ApplicationStopping);
        }
    }

    /// <summary>Says what would be stored.</summary>
    public static Task<int> DecodeAsync(this WebApplication app) => app.RunVerbAsync(() =>
        Task.FromResult(DecodeVerb.Run(app.Services, Console.OpenStandardInput(), Console.Out, Console.Error)));

    /// <summary>Reads dead letters in again.</summary>
    public static Task<int> ReplayAsync(this WebApplication app) => app.RunVerbAsync(() =>
    {
        CheckSetting(app.Configuration.TelemetryConnectionString);
        return ReplayVerb.RunAsync(app.Services, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
    });

    /// <summary>Retires the instance that the settings name.</summary>
    public static Task<int> RetireAsync(this WebApplication app) => app.RunVerbAsync(() =>
    {
        CheckSetting(app.Configuration.BrokerAddress);
        CheckSetting(app.Configuration.TelemetryConnectionString);
        return RetireVerb.RunAsync(app.Services, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
    });

    private static async Task<int> RunVerbAsync(this WebApplication app, Func<Task<int>> run)
    {
        await using (app)
        {
            app.Services.GetService<IStartupValidator>()?.Validate(); // the host does it at its start, and is not started here
            return await run();
        }
    }

    /// <summary>Turns an option into the setting that it stands for.</summary>
    /// <returns>False: it is there without a value.</returns>
    private static bool TryTake(ref string[] arguments, string option, string setting)
    {
        var at = Array.FindIndex(arguments, argument => argument == option || argument.StartsWith(option + "=", StringComparison.Ordinal));
        if (at < 0) return true;
        var inOne = arguments[at].Length > option.Length;
        var value = inOne ? arguments[at][(option.Length + 1)..] : arguments.ElementAtOrDefault(at + 1) ?? "";
        if (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal)) return false;

        // Last, so that it wins over the same setting given otherwise.
        arguments = [.. arguments[..at], .. arguments[(at + (inOne ? 1 : 2))..], $"--{setting}={value}"];
        return true;
    }

    /// <summary>Asks for a setting early, so that only what is said about it is taken for the user's mistake.</summary>
    private static T CheckSetting<T>(Func<T> setting)
    {
        try
        {
            return setting();
        }
        catch (InvalidOperationException error)
        {
            throw new OptionsValidationException("ConnectionStrings", typeof(T), [error.Message]);
        }
    }

    private static bool IsSetting(string argument)
    {
        var name = argument.TrimStart('-');
        return argument.StartsWith("--", StringComparison.Ordinal) && argument.Contains('=')
            && Array.Exists(Sections, section =>
                name.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase) || name.StartsWith(section + "=", StringComparison.OrdinalIgnoreCase));
    }

    private static int Fail(TextWriter errors, int status, string line)
    {
        errors.WriteLine($"Ingest: {line}");
        return status;
    }
}
