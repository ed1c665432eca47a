namespace Tally.QueryApi;

/// <summary>What browsers are told about everything the service answers.</summary>
internal static class SecurityHeaders
{
    /// <summary>Only the service's own files, nothing inline, in nobody's frame.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Set when the answer starts, because the exception handler clears what was set before.
        context.Response.OnStarting(static state =>
        {
            var headers = ((HttpResponse)state).Headers;
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store"; // answers change; the page's files say otherwise
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    });
}
