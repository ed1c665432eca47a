using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// Which spans are recorded. Tally's own traces begin where its own sampling says (every 1000th reading, by default), so their roots are always
/// recorded, and everything else follows its parent. OTEL_TRACES_SAMPLER decides about the roots of the platform alone, which are HTTP requests:
/// an <c>always_on</c> meant for those must not trace a million readings, and an <c>always_off</c> not hide the thousand.
/// </summary>
internal sealed class TallySampler : Sampler
{
    // Names of ASP.NET Core's and HttpClient's spans, as they are when a sampler sees them.
    private const string Request = "Microsoft.AspNetCore.Hosting.HttpRequestIn", OutgoingRequest = "System.Net.Http.HttpRequestOut";

    private readonly ParentBasedSampler _byParent;

    private TallySampler(Sampler requests) => _byParent = new ParentBasedSampler(new RootSampler(requests));

    /// <summary>Reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.</summary>
    public static TallySampler Of(IConfiguration configuration) => new(configuration["OTEL_TRACES_SAMPLER"] switch
    {
        "always_off" or "parentbased_always_off" => new AlwaysOffSampler(),
        "traceidratio" or "parentbased_traceidratio" => new TraceIdRatioBasedSampler(Math.Clamp(configuration.GetValue("OTEL_TRACES_SAMPLER_ARG", 1.0), 0, 1)),
        _ => new AlwaysOnSampler(), // the specification's default, also for names that it does not know
    });

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        _byParent.ShouldSample(samplingParameters);

    // A query without a request is a health probe's or a stream's.
    private sealed class RootSampler(Sampler requests) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) => samplingParameters switch
        {
            { Name: Request or OutgoingRequest } => requests.ShouldSample(samplingParameters),
            { Kind: ActivityKind.Client } => new SamplingResult(SamplingDecision.Drop),
            _ => new SamplingResult(SamplingDecision.RecordAndSample),
        };
    }
}
