using System.Collections.Concurrent;
using System.Text;
using Tally.Testing;

namespace Tally.Unit.Tests.ServiceDefaults;

/// <summary>Keeps the bodies of what is exported; names and texts stand in them as they are.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly ConcurrentQueue<(string Path, string Body)> _received = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OtlpHttpServer _server;

    /// <param name="hangs">It takes requests and does not answer.</param>
    public OtlpReceiver(bool hangs = false)
    {
        if (!hangs) _release.SetResult();
        _server = new OtlpHttpServer(async (path, body) =>
        {
            _received.Enqueue((path, Encoding.UTF8.GetString(body)));
            await _release.Task;
        });
    }

    /// <summary>Its address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it.</summary>
    public string Address => _server.Address;

    /// <summary>Whether anything has come.</summary>
    public bool IsEmpty => _received.IsEmpty;

    /// <summary>Whether a signal (<c>traces</c>, <c>metrics</c>, <c>logs</c>) has that text in it.</summary>
    public bool Has(string signal, string text) =>
        _received.Any(request => request.Path == $"/v1/{signal}" && request.Body.Contains(text, StringComparison.Ordinal));

    public void Dispose()
    {
        _release.TrySetResult();
        _server.Dispose();
    }
}
