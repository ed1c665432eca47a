namespace Tally.AppHost.Infrastructure;

/// <summary>How a program of the system's packages is started.</summary>
/// <param name="Path">The program, or <c>setpriv</c>, which becomes it as another user.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="LibraryPath">LD_LIBRARY_PATH that it needs; null for one that is installed.</param>
/// <param name="WorkingDirectory">Where it runs.</param>
internal sealed record ServerProgram(string Path, IReadOnlyList<string> Arguments, string? LibraryPath, string WorkingDirectory)
{
    /// <summary>A program of this machine, run by that user where we are root.</summary>
    public static ServerProgram Of(SystemProgram program, string? user, string workingDirectory, params IEnumerable<string> arguments)
    {
        string[] command = [.. user is null ? [] : SystemUser.BecomeCommand(user), program.Path, .. arguments];
        return new ServerProgram(command[0], command[1..], program.LibraryPath, workingDirectory);
    }
}
