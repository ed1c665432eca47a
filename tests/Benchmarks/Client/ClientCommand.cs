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

        var client = new Option<string?>("--client")
        {
            Description = $"Which client: {MqttClientChoice.Allowed}; all that are in this build, one beside the other, where none is named.",
        };
        client.Validators.Add(result =>
        {
            if (MqttClientChoice.WhyNot(result.GetValueOrDefault<string?>(), client.Name) is { } reason) result.AddError(reason);
        });
        var json = JsonFile.Option();
        var command = new Command("client", "Measures what publishing and receiving a message costs.") { messages, warmUp, client, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var named = parsed.GetValue(client);
            var figures = await MeasureAsync(named ?? MqttClientChoice.BuiltIn);
            if (named is null) figures = await BesideAsync(figures);
            await JsonFile.WriteAsync(parsed.GetValue(json), figures, cancellationToken);

            Task<ClientFigures> MeasureAsync(string name) =>
                new ClientBenchmark(parsed.GetValue(messages), parsed.GetValue(warmUp), name).RunAsync(Console.Out, cancellationToken);

            async Task<ClientFigures> BesideAsync(ClientFigures first)
            {
                if (MqttClientChoice.WhyNot(MqttClientChoice.MqttNet, client.Name) is null) return first with { Beside = [await MeasureAsync(MqttClientChoice.MqttNet)] };
                Console.WriteLine($"{MqttClientChoice.MqttNet} is not in this build, and not measured beside it: {client.Name} {MqttClientChoice.MqttNet} says how to bring it.");
                return first;
            }
        });
        return command;
    }
}
