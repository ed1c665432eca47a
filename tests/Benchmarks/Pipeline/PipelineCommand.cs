using System.CommandLine;

namespace Tally.Benchmarks.Pipeline;

/// <summary>The verb <c>pipeline</c>.</summary>
internal static class PipelineCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var pairs = new Option<int>("--pairs") { Description = "Pairs of slices, at least 7 for a figure to quote.", DefaultValueFactory = _ => 9 };
        var slice = new Option<int>("--slice") { Description = "Messages in a slice.", DefaultValueFactory = _ => 100_000 };
        var devices = new Option<int>("--devices") { Description = "Devices that take turns.", DefaultValueFactory = _ => 100 };
        foreach (var option in (Option<int>[])[pairs, slice, devices])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < 1)
                    result.AddError($"{option.Name} is '{result.Tokens[0].Value}': a number from 1 is allowed.");
            });
        }

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
