using System.Diagnostics;

namespace Tally.Testing;

/// <summary>Waits for a condition instead of for a time.</summary>
public static class Eventually
{
    /// <summary>How long a condition may take unless told otherwise. Generous: it is only ever used up by a test that fails.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Asked every ten milliseconds.</param>
    /// <param name="waitingFor">What a failure says it waited for.</param>
    /// <param name="timeout"><see cref="Timeout"/> unless given.</param>
    public static Task UntilAsync(Func<bool> condition, string waitingFor, TimeSpan? timeout = null) =>
        UntilAsync(() => Task.FromResult(condition()), waitingFor, timeout);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Asked every ten milliseconds. What it throws ends the wait.</param>
    /// <param name="waitingFor">What a failure says it waited for.</param>
    /// <param name="timeout"><see cref="Timeout"/> unless given.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, string waitingFor, TimeSpan? timeout = null)
    {
        var limit = timeout ?? Timeout;
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit) throw new TimeoutException($"Waited {limit.TotalSeconds:0.#} s for: {waitingFor}");
            await Task.Delay(Pause);
        }
    }
}
