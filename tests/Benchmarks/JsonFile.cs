using System.CommandLine;
using System.Text.Json;

namespace Tally.Benchmarks;

/// <summary>Every verb's <c>--json FILE</c>: its figures for a program to read.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The option.</summary>
    public static Option<FileInfo?> Option() => new("--json") { Description = "Writes the figures to this file." };

    /// <summary>Writes the file, if one was asked for.</summary>
    public static async Task WriteAsync<T>(FileInfo? file, T result, CancellationToken cancellationToken)
    {
        if (file is null) return;
        await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(result, Format) + "\n", cancellationToken);
    }
}
