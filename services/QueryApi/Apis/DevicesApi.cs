using Microsoft.AspNetCore.Http.HttpResults;
using Tally.Storage.Queries;

namespace Tally.QueryApi.Apis;

/// <summary>Routes about devices.</summary>
internal static class DevicesApi
{
    /// <summary>Maps <c>/api/devices</c> and <c>/api/latest</c>.</summary>
    public static IEndpointRouteBuilder MapDevices(this IEndpointRouteBuilder routes)
    {
        var device = routes.MapGroup("/api/devices/{device}").WithTags("Devices")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/api/latest", LatestAsync).WithTags("Devices").WithName("GetLatestByName")
            .WithSummary("Gives the same for a device whose name no path can hold, as '..': latest?device=..")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        device.MapGet("/latest", LatestOfPathAsync).WithName("GetLatest").WithSummary("Gives the newest reading of each metric of a device.");
        return routes;
    }

    private static Task<Results<Ok<DeviceReadings>, ProblemHttpResult>> LatestOfPathAsync(string device, DeviceQueries devices, CancellationToken cancellationToken) =>
        LatestAsync(device.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), devices, cancellationToken); // the one escape that routing leaves as it is

    private static async Task<Results<Ok<DeviceReadings>, ProblemHttpResult>> LatestAsync(
        string device, DeviceQueries devices, CancellationToken cancellationToken)
    {
        var readings = await devices.LatestAsync(device, cancellationToken);
        return readings.Count > 0
            ? TypedResults.Ok(new DeviceReadings(device, readings))
            : TypedResults.Problem(
                statusCode: StatusCodes.Status404NotFound,
                title: "Unknown device",
                detail: $"The store has no reading of a device named '{device}'.");
    }
}
