using Tally.AppHost.Local;
using Tally.Testing;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>What local mode gives each service, without starting anything but initdb.</summary>
internal sealed class LocalVariables : IDisposable
{
    private readonly string _directory;
    private readonly LocalData _data;
    private readonly LocalResources _resources;
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _variables = [];

    private LocalVariables(string directory, LocalData data, LocalResources resources) => (_directory, _data, _resources) = (directory, data, resources);

    /// <summary>Prepares broker, database and services as a start does.</summary>
    public static async Task<LocalVariables> MakeAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var directory = TestDirectory.Make("variables");
        var screen = new Screen(TextWriter.Null, false);
        var data = await LocalData.OpenAsync(directory, reset: false, screen, cancel);
        var resources = new LocalResources(new RunOptions { Port = 8080, Client = "builtin", Source = "synthetic" }, data, screen);
        var local = new LocalVariables(directory, data, resources);
        foreach (var plan in resources.All)
        {
            plan.Port.Choose(first: true);
            local._variables[plan.Name] = (await plan.PrepareAsync(cancel)).Environment;
        }

        local._variables["migrate"] = resources.Migrate().Environment;
        local._variables["simulator"] = resources.Simulator().Environment;
        return local;
    }

    /// <summary>The variables of one.</summary>
    public IReadOnlyDictionary<string, string> Of(string name) => _variables[name];

    public void Dispose()
    {
        _resources.Dispose();
        _data.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
