using System.CommandLine;

namespace Tally.Benchmarks.Pipeline;

/// <summary>The verb <c>pipeline</c>.</summary>
internal static class PipelineCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var pairs = CountOption.Of("--pairs", "Pairs of slices, at least 7 for a figure to quote.", 9);
        var slice = CountOption.Of("--slice", "Messages in a slice.", 100_000);
        var devices = CountOption.Of("--devices", "Devices that take turns.", 100);
        var json = JsonFile.Option();
        var command = new Command("pipeline", "Measures the pipeline beside the broker's own ceiling, in turns.") { pairs, slice, devices, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var benchmark = new PipelineBenchmark(parsed.GetValue(slice), parsed.GetValue(pairs), parsed.GetValue(devices));
            var result = await benchmark.RunAsync(Console.Out, cancellationToken);
            await JsonFile.WriteAsync(parsed.GetValue(json), result, cancellationToken);
        });
        return command;
    }
}
