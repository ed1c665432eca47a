using Microsoft.Extensions.Logging;

namespace Tally.Storage;

/// <summary>
/// A stretch of failed attempts: waits longer from one to the next, and says once that it began, once more when its kind
/// changes (another person has to act), and once that it is over.
/// </summary>
internal sealed class Outage(StorageOptions options, TimeProvider time, ILogger logger)
{
    private int _attempts;
    private DateTimeOffset _began;
    private string? _said;
    private StorageHealth _health = new(StorageState.Unknown, "", null, time.GetUtcNow());

    /// <summary>State for health checks; read by any thread.</summary>
    public StorageHealth Health => Volatile.Read(ref _health);

    /// <summary>An attempt failed: say so if it is news, and wait for the next one.</summary>
    public Task WaitAsync(Exception error, string? connectionString, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_attempts == 0) _began = now;
        var state = DatabaseErrors.Classify(error) == DatabaseErrorClass.NotReady ? StorageState.NotReady : StorageState.Away;
        var sqlState = DatabaseErrors.SqlStateOf(error);
        var line = DatabaseErrors.Explain(error, connectionString);
        Volatile.Write(ref _health, new StorageHealth(state, line, sqlState, _began));

        // A deadlock or a cut connection that the next attempt mends is nobody's business: news is what lasts, or needs a hand.
        if (_said != KindOf(sqlState) && (_attempts > 0 || state == StorageState.NotReady))
        {
            _said = KindOf(sqlState);
            logger.LogWarning("Storing waits, nothing is lost: {Trouble}.", line);
        }

        return Task.Delay(NextDelay(), time, cancellationToken);
    }

    /// <summary>An attempt worked.</summary>
    public void Over()
    {
        if (_attempts == 0 && _health.State == StorageState.Ready) return;
        var now = time.GetUtcNow();
        if (_said is not null)
        {
            logger.LogInformation(
                "Storing goes on after {Seconds:F1} s and {Attempts} failed attempts.", (now - _began).TotalSeconds, _attempts);
        }

        (_attempts, _said) = (0, null);
        Volatile.Write(ref _health, new StorageHealth(StorageState.Ready, "", null, now));
    }

    /// <summary>
    /// Doubles up to the longest; half of it is drawn by lot, so that several writers do not come back in step. Without jitter
    /// below half: an early return would find the same trouble.
    /// </summary>
    private TimeSpan NextDelay()
    {
        var doubled = options.FirstRetry * Math.Pow(2, Math.Min(_attempts, 30));
        _attempts++;
        var full = doubled < options.LongestRetry ? doubled : options.LongestRetry;
        return full * (0.5 + Random.Shared.NextDouble() / 2);
    }

    /// <summary>A server that stops says 57P01, then refuses connections, then says 57P03: one outage, one line.</summary>
    private static string KindOf(string? sqlState) =>
        sqlState is null || sqlState.StartsWith("57P", StringComparison.Ordinal) || sqlState.StartsWith("08", StringComparison.Ordinal)
            ? nameof(StorageState.Away)
            : sqlState;
}
