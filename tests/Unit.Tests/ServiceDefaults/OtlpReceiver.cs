using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Tally.AppHost.Local;

namespace Tally.Unit.Tests.ServiceDefaults;

/// <summary>
/// Takes OTLP over HTTP and keeps the bodies; names and texts stand in them as they are. Not ASP.NET Core, whose own spans would
/// be exported to it in turn.
/// </summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, string Body)> _received = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _serving;

    /// <param name="hangs">It takes requests and does not answer.</param>
    public OtlpReceiver(bool hangs = false)
    {
        Address = $"http://127.0.0.1:{FreePort.Any()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        if (!hangs) _release.SetResult();
        _serving = ServeAsync();
    }

    /// <summary>Its address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it.</summary>
    public string Address { get; }

    /// <summary>Whether anything has come.</summary>
    public bool IsEmpty => _received.IsEmpty;

    /// <summary>Whether a signal (<c>traces</c>, <c>metrics</c>, <c>logs</c>) has that text in it.</summary>
    public bool Has(string signal, string text) =>
        _received.Any(request => request.Path == $"/v1/{signal}" && request.Body.Contains(text, StringComparison.Ordinal));

    public void Dispose()
    {
        _release.TrySetResult();
        _listener.Stop();
        _serving.Wait();
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return; // stopped
            }

            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        _received.Enqueue((context.Request.Url!.AbsolutePath, Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length)));
        await _release.Task;
        context.Response.Close();
    }
}
