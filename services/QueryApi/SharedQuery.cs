namespace Tally.QueryApi;

/// <summary>
/// Runs a costly query once for all who ask for the same thing: one at a time for each key, and at most so many at once.
/// Who asks while it runs waits for the next one, which all who are waiting share: its snapshot is taken after each of
/// them asked, so that nobody is told what was true before his question.
/// </summary>
/// <param name="query">The query. Cancelled when everybody who waited for it has gone.</param>
/// <param name="atOnce">How many run at once.</param>
internal sealed class SharedQuery<TResult>(Func<string, CancellationToken, Task<TResult>> query, int atOnce) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Flight> _last = []; // by key: the one that runs or waits, the latest
    private readonly SemaphoreSlim _slots = new(atOnce);

    /// <summary>The query's result, from a snapshot not older than this call.</summary>
    public async Task<TResult> GetAsync(string key, CancellationToken cancellationToken)
    {
        var flight = Board(key);
        try
        {
            return await flight.Result.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(flight);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _slots.Dispose();

    private Flight Board(string key)
    {
        lock (_gate)
        {
            if (!_last.TryGetValue(key, out var flight) || flight.Started)
            {
                flight = new();
                flight.Result = RunAsync(key, flight, before: _last.GetValueOrDefault(key)?.Result);
                _last[key] = flight;
            }

            flight.Callers++;
            return flight;
        }
    }

    private void Leave(Flight flight)
    {
        lock (_gate)
        {
            if (--flight.Callers > 0) return;
            flight.Started = true; // nobody may board what is about to be cancelled
        }

        flight.Abandoned.Cancel();
    }

    private async Task<TResult> RunAsync(string key, Flight flight, Task? before)
    {
        await Task.Yield(); // it is started under the lock
        try
        {
            if (before is not null) await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // its callers have its error
            await _slots.WaitAsync(flight.Abandoned.Token);
            try
            {
                lock (_gate) flight.Started = true;
                return await query(key, flight.Abandoned.Token);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            lock (_gate)
            {
                if (_last.GetValueOrDefault(key) == flight) _last.Remove(key);
            }
        }
    }

    private sealed class Flight
    {
        public Task<TResult> Result { get; set; } = null!;

        public CancellationTokenSource Abandoned { get; } = new();

        public int Callers { get; set; }

        public bool Started { get; set; }
    }
}
