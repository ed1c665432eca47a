using Tally.Ingest.Sources;

namespace Tally.Ingest;

/// <summary>
/// The verb <c>acl</c>: prints what the sources add to the broker's ACL (services/Broker/tally.acl), so that who may publish and what is
/// read follow from one setting.
/// </summary>
internal static class AclVerb
{
    /// <summary>Prints.</summary>
    public static void Run(SourceSet sources, TextWriter output)
    {
        output.WriteLine($"{Environment.NewLine}# What the sources read (Ingest:Presets, Ingest:Sources); printed by `Ingest acl`.");
        Print("ingest", "read");
        Print("device", "write");

        void Print(string user, string access)
        {
            output.WriteLine($"user {user}");
            foreach (var filter in sources.Filters) output.WriteLine($"topic {access} {filter}");
        }
    }
}
