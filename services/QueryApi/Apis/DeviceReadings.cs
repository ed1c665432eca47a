using Tally.Storage.Queries;

namespace Tally.QueryApi.Apis;

/// <summary>The newest reading of each metric of a device.</summary>
/// <param name="Device">The device.</param>
/// <param name="Readings">One for each metric, by its name.</param>
internal sealed record DeviceReadings(string Device, IReadOnlyList<LatestReading> Readings);
