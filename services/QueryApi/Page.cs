using Microsoft.Extensions.FileProviders;

namespace Tally.QueryApi;

/// <summary>The web page. Its files are inside the assembly, so that it is served from wherever the service is started.</summary>
internal static class Page
{
    public static IApplicationBuilder UsePage(this IApplicationBuilder app)
    {
        var files = new EmbeddedFileProvider(typeof(Page).Assembly, "Tally.QueryApi.wwwroot");
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        return app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = files,
            // Asked for again each time, answered with 304 while the service is the same.
            OnPrepareResponse = context => context.Context.Response.Headers.CacheControl = "no-cache",
        });
    }
}
