using System.CommandLine;

namespace Tally.Benchmarks.Fuzz;

/// <summary>The verb <c>fuzz</c>.</summary>
internal static class FuzzCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var packets = new Option<long>("--packets") { Description = "Hostile packets in all.", DefaultValueFactory = _ => 10_000_000 };
        packets.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<long>() < 1_000)
                result.AddError($"{packets.Name} is '{result.Tokens[0].Value}': a number from 1,000 is allowed.");
        });
        var seed = new Option<ulong?>("--seed") { Description = "Repeats a run; any number. Random unless given, and printed." };
        var json = JsonFile.Option();
        var command = new Command("fuzz", "Sends the MQTT client millions of hostile packets; ends with 1 if one of them does harm.") { packets, seed, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var run = new FuzzRun(parsed.GetValue(packets), parsed.GetValue(seed) ?? (ulong)Random.Shared.NextInt64());
            var figures = await run.RunAsync(Console.Out, cancellationToken);
            await JsonFile.WriteAsync(parsed.GetValue(json), figures, cancellationToken);
            return figures.Passed ? 0 : 1;
        });
        return command;
    }
}
