using System.Globalization;
using System.Text.Json;

namespace Tally.EndToEnd.Tests;

/// <summary>What the dashboard has received, asked over its own HTTP API: OTLP in JSON.</summary>
internal sealed class DashboardApi(Uri page) : IDisposable
{
    // As many as there are: what it keeps is limited by itself.
    private const int All = 1_000_000;

    private readonly HttpClient _http = new() { BaseAddress = page };

    /// <summary>All spans that it has.</summary>
    public async Task<IReadOnlyList<DashboardSpan>> SpansAsync(CancellationToken cancellationToken)
    {
        using var document = await GetAsync($"api/telemetry/traces?limit={All}", cancellationToken);
        return
        [
            .. from resource in document.RootElement.GetProperty("data").GetProperty("resourceSpans").EnumerateArray()
               let service = Attributes(resource.GetProperty("resource"))["service.name"]
               from scope in resource.GetProperty("scopeSpans").EnumerateArray()
               let source = scope.GetProperty("scope").GetProperty("name").GetString()
               from span in scope.GetProperty("spans").EnumerateArray()
               select Read(span, service, source),
        ];
    }

    /// <summary>Services that it knows, each with what it has of them.</summary>
    public async Task<IReadOnlyDictionary<string, DashboardResource>> ResourcesAsync(CancellationToken cancellationToken)
    {
        using var document = await GetAsync("api/telemetry/resources", cancellationToken);
        return document.RootElement.EnumerateArray().ToDictionary(
            resource => resource.GetProperty("name").GetString()!,
            resource => new DashboardResource(
                resource.GetProperty("hasTraces").GetBoolean(), resource.GetProperty("hasMetrics").GetBoolean(), resource.GetProperty("hasLogs").GetBoolean()));
    }

    /// <summary>The traces that lines of the log belong to.</summary>
    public async Task<IReadOnlySet<string>> TracesOfLogsAsync(CancellationToken cancellationToken)
    {
        using var document = await GetAsync($"api/telemetry/logs?limit={All}", cancellationToken);
        return (from resource in document.RootElement.GetProperty("data").GetProperty("resourceLogs").EnumerateArray()
                from scope in resource.GetProperty("scopeLogs").EnumerateArray()
                from line in scope.GetProperty("logRecords").EnumerateArray()
                where line.TryGetProperty("traceId", out var trace) && trace.GetString() is { Length: > 0 }
                select line.GetProperty("traceId").GetString()!).ToHashSet();
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken)
    {
        await using var body = await _http.GetStreamAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
    }

    private static DashboardSpan Read(JsonElement span, string service, string? source) => new(
        span.GetProperty("traceId").GetString()!,
        span.GetProperty("spanId").GetString()!,
        span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() : null,
        service,
        source ?? "",
        span.GetProperty("name").GetString()!,
        span.GetProperty("kind").GetInt32(),
        long.Parse(span.GetProperty("startTimeUnixNano").GetString()!, CultureInfo.InvariantCulture),
        long.Parse(span.GetProperty("endTimeUnixNano").GetString()!, CultureInfo.InvariantCulture),
        Attributes(span),
        span.TryGetProperty("links", out var links) ? [.. links.EnumerateArray().Select(link => link.GetProperty("spanId").GetString()!)] : []);

    private static Dictionary<string, string> Attributes(JsonElement element) => element.TryGetProperty("attributes", out var attributes)
        ? attributes.EnumerateArray().ToDictionary(attribute => attribute.GetProperty("key").GetString()!, attribute => attribute.GetProperty("value").EnumerateObject().First().Value.ToString())
        : [];
}

/// <summary>A span as the dashboard has it.</summary>
/// <param name="TraceId">Its trace.</param>
/// <param name="SpanId">Itself.</param>
/// <param name="ParentSpanId">Its parent; null: it begins the trace.</param>
/// <param name="Service">Who sent it.</param>
/// <param name="Source">Source in that service.</param>
/// <param name="Name">Name.</param>
/// <param name="Kind">Kind as OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.</param>
/// <param name="Start">Beginning in nanoseconds since 1970.</param>
/// <param name="End">End in the same.</param>
/// <param name="Attributes">Attributes as text.</param>
/// <param name="Links">Spans that it is linked to.</param>
internal sealed record DashboardSpan(
    string TraceId,
    string SpanId,
    string? ParentSpanId,
    string Service,
    string Source,
    string Name,
    int Kind,
    long Start,
    long End,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links);

/// <summary>What the dashboard has of a service.</summary>
internal sealed record DashboardResource(bool HasTraces, bool HasMetrics, bool HasLogs);
