using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tally.AppHost.Running;

/// <summary>The run's report: written by the simulator, completed here with what each process has used.</summary>
internal static class RunReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Says early that it cannot be written, and removes that of an earlier run.</summary>
    /// <exception cref="EnvironmentException">Its directory is not there or not ours.</exception>
    public static void Prepare(string path)
    {
        try
        {
            File.Delete(path);
            File.WriteAllText(path, "");
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EnvironmentException($"--report {path} cannot be written: {error.Message}");
        }
    }

    /// <summary>Adds <c>processes</c>.</summary>
    /// <returns>False when there is no report: the run did not get that far.</returns>
    public static bool AddProcesses(string path, IReadOnlyList<ResourceUsage> usage)
    {
        if (!File.Exists(path)) return false;
        var report = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        report["processes"] = new JsonArray([.. usage.Select(ToJson)]);
        var unfinished = path + ".new";
        File.WriteAllText(unfinished, report.ToJsonString(Indented) + "\n");
        File.Move(unfinished, path, overwrite: true);
        return true;
    }

    private static JsonObject ToJson(ResourceUsage usage) =>
        new() { ["name"] = usage.Name, ["cpuSeconds"] = usage.CpuSeconds, ["peakRssMb"] = usage.PeakRssMb };
}
