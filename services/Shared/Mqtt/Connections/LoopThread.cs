namespace Tally.Mqtt.Connections;

/// <summary>A thread of its own for a loop that blocks in the socket.</summary>
internal static class LoopThread
{
    /// <summary>Starts it.</summary>
    /// <returns>Ends with the loop, and with its exception.</returns>
    public static Task<T> Start<T>(string name, Func<T> loop)
    {
        var end = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                end.SetResult(loop());
            }
            catch (Exception error)
            {
                // Whatever it is, it goes to whoever waits for the loop; on a plain thread it would end the process.
                end.SetException(error);
            }
        })
        {
            Name = name,
            IsBackground = true,
        };
        thread.Start();
        return end.Task;
    }

    /// <summary>Starts one without a result.</summary>
    public static Task Start(string name, Action loop) => Start(name, () =>
    {
        loop();
        return true;
    });
}
