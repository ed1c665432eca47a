using Microsoft.AspNetCore.OpenApi;

namespace Tally.QueryApi;

/// <summary>What <c>/openapi/v1.json</c> says about the API as a whole.</summary>
internal static class OpenApiDescription
{
    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new()
        {
            Title = "Tally",
            Version = "v1",
            Description = "Runs of an MQTT telemetry pipeline, their ledgers, and what devices last measured. "
                + "Errors are problem details (RFC 9457). 503 says that the database is away, and when to come again.",
        };
        return Task.CompletedTask;
    });
}
