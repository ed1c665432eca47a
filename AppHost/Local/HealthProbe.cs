namespace Tally.AppHost.Local;

/// <summary>Asks a service whether it is ready.</summary>
internal sealed class HealthProbe : IDisposable
{
    // Its checks ask broker and database, which may be slow just now; asked again right after.
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Null when <c>/health/ready</c> says yes, else what it says, in one line.</summary>
    public async Task<string?> WhatIsMissingAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"), cancellationToken);
            if (response.IsSuccessStatusCode) return null;
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return $"/health/ready says {(int)response.StatusCode} {body.ReplaceLineEndings(" ").Trim()}";
        }
        catch (HttpRequestException error)
        {
            return $"/health/ready does not answer ({error.Message})";
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"/health/ready does not answer within {_http.Timeout.TotalSeconds} s";
        }
    }

    public void Dispose() => _http.Dispose();
}
