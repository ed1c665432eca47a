namespace Tally.AppHost.Infrastructure;

/// <summary>Asks a service whether it is ready.</summary>
internal static class HealthProbe
{
    // One that is ready answers within milliseconds; its own checks of broker and database have shorter limits.
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>What is missing; null: nothing.</summary>
    public static async Task<string?> WhatIsMissingAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(address, cancellationToken);
            if (answer.IsSuccessStatusCode) return null;
            var words = await answer.Content.ReadAsStringAsync(cancellationToken);
            return string.Join("; ", words.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
        catch (HttpRequestException error)
        {
            return $"it does not answer: {error.Message}";
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"it does not answer within {Http.Timeout.TotalSeconds:0} s";
        }
    }
}
