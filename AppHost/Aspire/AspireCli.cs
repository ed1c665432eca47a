namespace Tally.AppHost.Aspire;

/// <summary>How the <c>aspire</c> command calls AppHost: <c>aspire run</c> by a variable, <c>aspire publish</c> by arguments of its own.</summary>
internal static class AspireCli
{
    /// <summary>Whether these arguments are its, for writing files instead of starting anything.</summary>
    public static bool IsPublishing(string[] arguments) =>
        arguments.Any(argument => argument is "--operation" or "--publisher" || argument.StartsWith("--operation=", StringComparison.Ordinal) || argument.StartsWith("--publisher=", StringComparison.Ordinal));

    /// <summary>Whether it has started this process and waits to hear of its resources.</summary>
    public static bool IsWaiting => Environment.GetEnvironmentVariable("ASPIRE_BACKCHANNEL_PATH") is { Length: > 0 };
}
