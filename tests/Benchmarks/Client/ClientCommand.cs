using System.CommandLine;
using Tally.MqttNetClient;

namespace Tally.Benchmarks.Client;

/// <summary>The verb <c>client</c>.</summary>
internal static class ClientCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var messages = new Option<int>("--messages") { Description = "Messages measured.", DefaultValueFactory = _ => 500_000 };
        var warmUp = new Option<int>("--warm-up") { Description = "Messages before that.", DefaultValueFactory = _ => 500_000 };
        foreach (var option in (Option<int>[])[messages, warmUp])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < 1)
                    result.AddError($"{option.Name} is '{result.Tokens[0].Value}': a number from 1 is allowed.");
            });
        }

        var client = new Option<string>("--client")
        {
            Description = $"Which client: {MqttClientChoice.Allowed}.", DefaultValueFactory = _ => MqttClientChoice.BuiltIn,
        };
        client.Validators.Add(result =>
        {
            if (MqttClientChoice.WhyNot(result.GetValueOrDefault<string>(), client.Name) is { } reason) result.AddError(reason);
        });
        var json = JsonFile.Option();
        var command = new Command("client", "Measures what publishing and receiving a message costs.") { messages, warmUp, client, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var benchmark = new ClientBenchmark(parsed.GetValue(messages), parsed.GetValue(warmUp), parsed.GetValue(client)!);
            var figures = await benchmark.RunAsync(Console.Out, cancellationToken);
            await JsonFile.WriteAsync(parsed.GetValue(json), figures, cancellationToken);
        });
        return command;
    }
}
