using Microsoft.Extensions.Options;
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

    private const string InstanceOption = "--instance";

    /// <summary>Names of the sections that settings may be about.</summary>
    private static readonly string[] Sections =
    [
        IngestOptions.Section, "Storage", "Partitions", "ConnectionStrings", "Logging", "Kestrel", "urls", "environment", "contentRoot", "Mqtt", "Telemetry",
        RetireOptions.Section,
    ];

    private static readonly string Usage =
        $"usage: Ingest [{Migrate} | {HealthVerb.Name} | {Retire} {InstanceOption} NAME] [--Section:Name=value ...]   (for example --Ingest:BatchSize=500; sections: {string.Join(", ", Sections)})";

    /// <summary>Runs a verb.</summary>
    /// <param name="args">Arguments of the process.</param>
    /// <param name="run">Runs it, given the verb (empty: the service) and its settings; returns the exit status.</param>
    /// <returns>Exit status: 0 done or stopped, 2 usage, 3 environment.</returns>
    /// <param name="errors">Gets the line that says what is wrong.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter errors, Func<string, string[], Task<int>> run)
    {
        var verb = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "";
        var settings = verb.Length > 0 ? args[1..] : args;
        if (verb is not ("" or Migrate or Retire)) return Fail(errors, ExitStatus.Usage, $"'{verb}' is no verb; {Usage}");
        if (verb == Retire && !TryTakeInstance(ref settings))
            return Fail(errors, ExitStatus.Usage, $"{Retire} needs {InstanceOption} NAME, the instance that leaves for good; {Usage}");
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

    /// <summary>Retires the instance that the settings name.</summary>
    public static async Task<int> RetireAsync(this WebApplication app)
    {
        await using (app)
        {
            CheckSetting(app.Configuration.BrokerAddress);
            CheckSetting(app.Configuration.TelemetryConnectionString);
            app.Services.GetService<IStartupValidator>()?.Validate(); // the host does it at its start, and is not started here
            return await RetireVerb.RunAsync(app.Services, Console.Out, Console.Error, app.Lifetime.ApplicationStopping);
        }
    }

    /// <summary>Turns <c>--instance NAME</c> into the setting that it stands for.</summary>
    private static bool TryTakeInstance(ref string[] arguments)
    {
        var at = Array.FindIndex(arguments, argument => argument == InstanceOption || argument.StartsWith(InstanceOption + "=", StringComparison.Ordinal));
        if (at < 0) return false;
        var inOne = arguments[at].Length > InstanceOption.Length;
        var name = inOne ? arguments[at][(InstanceOption.Length + 1)..] : arguments.ElementAtOrDefault(at + 1) ?? "";
        if (name.Length == 0 || name.StartsWith('-')) return false;

        // Last, so that it wins over the same setting given otherwise.
        arguments = [.. arguments[..at], .. arguments[(at + (inOne ? 1 : 2))..], $"--{IngestOptions.Section}:{nameof(IngestOptions.Instance)}={name}"];
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
