namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Names of the platform's own spans, as they are when a sampler sees them, and of their attributes.</summary>
internal static class PlatformSpans
{
    /// <summary>A request that ASP.NET Core serves.</summary>
    public const string Request = "Microsoft.AspNetCore.Hosting.HttpRequestIn";

    /// <summary>A request that HttpClient makes.</summary>
    public const string OutgoingRequest = "System.Net.Http.HttpRequestOut";

    /// <summary>Path of a request; known to the sampler.</summary>
    public const string Path = "url.path";

    /// <summary>Method of a request.</summary>
    public const string Method = "http.request.method";

    /// <summary>The end point's pattern: <c>/api/runs/{run}</c>.</summary>
    public const string Route = "http.route";

    /// <summary>Status of the answer.</summary>
    public const string Status = "http.response.status_code";

    /// <summary>Why it failed.</summary>
    public const string ErrorType = "error.type";
}
