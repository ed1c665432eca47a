using System.CommandLine;

namespace Tally.Benchmarks.Decode;

/// <summary>The verb <c>decode</c>.</summary>
internal static class DecodeCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var messages = CountOption.Of("--messages", "Messages in a slice.", 100_000);
        var rounds = CountOption.Of("--rounds", "Slices of each format, which take turns.", 7);
        var json = JsonFile.Option();
        var command = new Command("decode", "Measures how fast messages of each format are decoded and stored, beside Tally's own.") { messages, rounds, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var figures = await new DecodeBenchmark(parsed.GetValue(messages), parsed.GetValue(rounds)).RunAsync(Console.Out, cancellationToken);
            await JsonFile.WriteAsync(parsed.GetValue(json), figures, cancellationToken);
        });
        return command;
    }
}
