using System.Text.Json.Serialization;
using Tally.QueryApi.Apis;
using Tally.Storage.Queries;

namespace Tally.QueryApi;

/// <summary>JSON of everything that the API answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RunPage))]
[JsonSerializable(typeof(RunProgress))]
[JsonSerializable(typeof(RunLedger))]
[JsonSerializable(typeof(DeviceReadings))]
[JsonSerializable(typeof(object))]
internal sealed partial class QueryApiJson : JsonSerializerContext;
