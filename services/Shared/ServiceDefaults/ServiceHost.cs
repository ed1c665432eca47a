using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Tally.ServiceDefaults;

/// <summary>Runs a service so that an environment in which it cannot work ends it with one clear line and its own exit status.</summary>
public static class ServiceHost
{
    /// <summary>Exit status of a service whose options are wrong.</summary>
    public const int UsageStatus = 2;

    /// <summary>Exit status of a service that its environment keeps from working: address taken, broker refuses.</summary>
    public const int EnvironmentStatus = 3;

    /// <summary>Builds and runs a service until it is stopped.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(Func<WebApplication> build)
    {
        try
        {
            await using var app = build();
            app.Services.GetService<IStartupValidator>()?.Validate(); // the host would log the same with forty lines of stack
            var final = app.Services.GetRequiredService<FinalError>(); // running it ends with the disposal of its services
            await app.RunAsync();
            return final.Status;
        }
        catch (OptionsValidationException error)
        {
            await Console.Error.WriteLineAsync(string.Join("; ", error.Failures));
            return UsageStatus;
        }
        catch (IOException error)
        {
            // Kestrel's message names the address: "Failed to bind to address http://127.0.0.1:8080: address already in use."
            await Console.Error.WriteLineAsync($"{error.Message} (environment ASPNETCORE_URLS)");
            return EnvironmentStatus;
        }
    }
}

/// <summary>What a worker found out that trying again does not change.</summary>
public sealed class FinalError(IHostApplicationLifetime lifetime)
{
    /// <summary>Exit status of the process; 0 while there is no such error.</summary>
    public int Status { get; private set; }

    /// <summary>The line that says what is wrong; null while nothing is.</summary>
    public string? Line { get; private set; }

    /// <summary>Says what is wrong on standard error, once, and stops the service.</summary>
    public void Stop(string line)
    {
        if (Status != 0) return;
        (Status, Line) = (ServiceHost.EnvironmentStatus, line);
        Console.Error.WriteLine(line);
        // A host that is stopped while it starts throws instead of ending.
        lifetime.ApplicationStarted.UnsafeRegister(static lifetime => ((IHostApplicationLifetime)lifetime!).StopApplication(), lifetime);
    }
}
