namespace Tally.AppHost;

/// <summary>How the resources are started.</summary>
internal enum LaunchMode
{
    /// <summary>On Aspire where that is possible, else locally.</summary>
    Automatic,

    /// <summary>As processes of this machine.</summary>
    Local,

    /// <summary>As containers and projects, by Aspire.</summary>
    Aspire,
}
