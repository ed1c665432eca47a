using Tally.AppHost.Infrastructure;

namespace Tally.Unit.Tests.Containers;

/// <summary>images.env, read: the tags (and digests) of third-party images.</summary>
internal static class ThirdPartyImages
{
    /// <summary>Whole names of images by variable.</summary>
    public static IReadOnlyDictionary<string, string> OfRepository() => File.ReadLines(Path.Combine(Repository.Root, "images.env"))
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts[1]);
}
