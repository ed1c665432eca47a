using System.Runtime.InteropServices;

namespace Tally.Testing.Processes;

/// <summary>The <c>dotnet</c> that runs us, whichever is on PATH.</summary>
internal static class DotnetHost
{
    /// <summary>Its path: the runtime lies in <c>shared/Microsoft.NETCore.App/version</c> beside it.</summary>
    public static string Path { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
}
