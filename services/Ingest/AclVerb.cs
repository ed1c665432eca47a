using Tally.Ingest.Sources;

namespace Tally.Ingest;

/// <summary>
/// The verb <c>acl</c>: prints what sources of one's own add to the broker's ACL (services/Broker/own.acl). The presets' topics stand in
/// services/Broker/presets.txt, which the broker's start reads by the same setting as Ingest.
/// </summary>
internal static class AclVerb
{
    /// <summary>Prints.</summary>
    public static void Run(SourceSet sources, TextWriter output)
    {
        foreach (var (user, access) in new[] { ("ingest", "read"), ("device", "write") })
        {
            output.WriteLine($"user {user}");
            foreach (var filter in sources.Filters) output.WriteLine($"topic {access} {filter}");
        }
    }
}
