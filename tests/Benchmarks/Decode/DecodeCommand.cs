using System.CommandLine;

namespace Tally.Benchmarks.Decode;

/// <summary>The verb <c>decode</c>.</summary>
internal static class DecodeCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var messages = new Option<int>("--messages") { Description = "Messages in a slice.", DefaultValueFactory = _ => 100_000 };
        var rounds = new Option<int>("--rounds") { Description = "Slices of each format, which take turns.", DefaultValueFactory = _ => 7 };
        foreach (var option in (Option<int>[])[messages, rounds])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < 1)
                    result.AddError($"{option.Name} is '{result.Tokens[0].Value}': a number from 1 is allowed.");
            });
        }

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
