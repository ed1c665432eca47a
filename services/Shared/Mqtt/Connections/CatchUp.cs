namespace Tally.Mqtt.Connections;

/// <summary>Lets the receive loop's thread wait for its owner, without allocating for each wait.</summary>
internal sealed class CatchUp
{
    private readonly ThreadSignal _signal = new();
    private readonly Action _done;

    public CatchUp() => _done = _signal.Set;

    /// <summary>Waits for the task, and throws what it throws.</summary>
    public void Wait(ValueTask task)
    {
        var awaiter = task.ConfigureAwait(false).GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            awaiter.UnsafeOnCompleted(_done);
            _signal.Wait();
        }

        awaiter.GetResult();
    }
}
