using System.Net;
using System.Text.RegularExpressions;
using Shouldly;
using Tally.Integration.Tests.Storage;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed partial class DescriptionTests(StoreServer server) : QueryApiTest(server)
{
    [Fact]
    public async Task The_OpenAPI_document_describes_every_route_with_its_answers()
    {
        var document = await Api.GetAsync("/openapi/v1.json");
        var paths = document.GetProperty("paths");
        paths.EnumerateObject().Select(path => path.Name).ShouldBe(
            ["/api/runs", "/api/events", "/api/runs/{run}", "/api/runs/{run}/ledger", "/api/runs/{run}/events", "/api/devices/{device}/latest", "/api/latest"], ignoreOrder: true);
        foreach (var path in paths.EnumerateObject())
        {
            var get = path.Value.GetProperty("get");
            get.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty(path.Name);
            get.GetProperty("responses").TryGetProperty("200", out _).ShouldBeTrue(path.Name);
            get.GetProperty("responses").TryGetProperty("503", out _).ShouldBeTrue(path.Name);
        }

        paths.GetProperty("/api/runs/{run}/ledger").GetProperty("get").GetProperty("responses").GetProperty("200").ToString().ShouldContain("RunLedger");
        var fields = document.GetProperty("components").GetProperty("schemas").GetProperty("RunLedger").GetProperty("properties");
        foreach (var field in fields.EnumerateObject()) field.Value.TryGetProperty("description", out _).ShouldBeTrue(field.Name);
    }

    [Fact]
    public async Task The_page_and_every_file_it_names_is_served_from_here()
    {
        var names = new Queue<string>(["/"]);
        var seen = new HashSet<string>(names);
        while (names.TryDequeue(out var name))
        {
            using var response = await Api.Client.GetAsync(name, Cancellation);
            response.StatusCode.ShouldBe(HttpStatusCode.OK, name);
            response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'");
            response.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal).ShouldNotContain("://", Case.Sensitive, name);
            foreach (Match match in FileNames().Matches(text))
            {
                if (seen.Add(match.Groups[1].Value)) names.Enqueue(match.Groups[1].Value);
            }
        }

        seen.ShouldContain("page.css");
        seen.ShouldContain("ledger.js");
        seen.Count.ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task The_page_has_nothing_inline_that_its_policy_would_stop()
    {
        var page = await Api.Client.GetStringAsync(new Uri("/", UriKind.Relative), Cancellation);
        page.ShouldNotContain("style=");
        page.ShouldNotContain("<style");
        page.ShouldNotContain(" onclick");
        InlineScripts().IsMatch(page).ShouldBeFalse();
    }

    [Fact]
    public async Task An_address_that_does_not_exist_is_a_problem_too() =>
        (await Api.GetProblemAsync("/api/nothing", HttpStatusCode.NotFound)).GetProperty("status").GetInt32().ShouldBe(404);

    [GeneratedRegex("""["'](?:\./)?([a-z]+\.(?:css|js|svg))["']""")]
    private static partial Regex FileNames();

    [GeneratedRegex("<script(?![^>]*src=)")]
    private static partial Regex InlineScripts();
}
