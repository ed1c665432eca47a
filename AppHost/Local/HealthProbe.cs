namespace Tally.AppHost.Local;

/// <summary>Asks a service whether it is ready.</summary>
internal sealed class HealthProbe : IDisposable
{
    // Its checks ask broker and database, which may be slow just now; asked again right after.
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Null when that path says yes, else what it says, in one line.</summary>
    public async Task<string?> WhatIsMissingAsync(int port, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), cancellationToken);
            if (response.IsSuccessStatusCode) return null;
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return $"{path} says {(int)response.StatusCode} {body.ReplaceLineEndings(" ").Trim()}";
        }
        catch (HttpRequestException error)
        {
            return $"{path} does not answer ({error.Message})";
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{path} does not answer within {_http.Timeout.TotalSeconds} s";
        }
    }

    public void Dispose() => _http.Dispose();
}
