using System.Net;

namespace Tally.Testing;

/// <summary>
/// Takes OTLP over HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP") on a free port, one request after the other. Not ASP.NET Core, whose own
/// spans would be exported to it in turn.
/// </summary>
public sealed class OtlpHttpServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<string, byte[], Task> _receive;
    private readonly Task _serving;

    /// <param name="receive">Takes the path of a request (<c>/v1/traces</c>) and its body; the answer waits for it.</param>
    public OtlpHttpServer(Func<string, byte[], Task> receive)
    {
        _receive = receive;
        Address = $"http://127.0.0.1:{FreePort.Any()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Its address, as OTEL_EXPORTER_OTLP_ENDPOINT takes it.</summary>
    public string Address { get; }

    public void Dispose()
    {
        _listener.Stop();
        _serving.Wait(); // what went wrong in it is said here
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
            catch (Exception error) when (error is HttpListenerException or InvalidOperationException)
            {
                return; // stopped, in the wait for a request or between two
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            await _receive(context.Request.Url!.AbsolutePath, body.ToArray());
            context.Response.Close();
        }
    }
}
