using System.Net.Http.Json;
using System.Text.Json;

namespace Tally.AppHost.Commands;

/// <summary>Opens the ledger of the newest run in the dashboard.</summary>
internal static class LedgerCommand
{
    // Longer than QueryApi's own limit for one statement of a ledger (5 minutes): it answers first, and says why.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(6);

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Adds the command.</summary>
    public static IResourceBuilder<ExecutableResource> WithLedgerCommand(this IResourceBuilder<ExecutableResource> queryApi)
    {
        var endpoint = queryApi.GetEndpoint("http");
        return queryApi.WithCommand(
            "open-ledger",
            "Open the ledger",
            context => OpenAsync(new Uri(endpoint.Url), context.CancellationToken),
            new CommandOptions
            {
                Description = "Counts the newest run exactly, by identity, and shows the result.",
                IconName = "Receipt",
                IsHighlighted = true,
                UpdateState = context =>
                    context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            });
    }

    private static async Task<ExecuteCommandResult> OpenAsync(Uri api, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = api, Timeout = Timeout };
        try
        {
            var runs = await http.GetFromJsonAsync<JsonElement>("/api/runs?limit=1", cancellationToken);
            if (runs.GetProperty("runs").EnumerateArray().FirstOrDefault() is not { ValueKind: JsonValueKind.Object } newest)
                return CommandResults.Failure("There is no run yet: the simulator's commands start one.");
            var run = Uri.EscapeDataString(newest.GetProperty("run").GetString()!);
            var ledger = await http.GetFromJsonAsync<JsonElement>($"/api/runs/{run}/ledger", cancellationToken);
            return CommandResults.Success(
                $"The ledger of run {run}; the page has it at {new Uri(api, "#" + run)}",
                JsonSerializer.Serialize(ledger, Indented),
                CommandResultFormat.Json,
                displayImmediately: true);
        }
        catch (HttpRequestException error)
        {
            return CommandResults.Failure($"QueryApi does not give the ledger: {error.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return CommandResults.Failure($"QueryApi has not counted the run within {Timeout.TotalMinutes} minutes.");
        }
    }
}
