namespace Tally.Mqtt.Connections;

/// <summary>
/// Wakes one loop that waits on a thread of its own; a signal given while it does not wait is kept, two are kept as one.
/// Allocates nothing, and costs the giver a look while a signal is kept.
/// </summary>
internal sealed class ThreadSignal
{
    private readonly object _monitor = new();
    private volatile bool _isSet;

    public void Set()
    {
        // Whoever waits takes the signal back first and looks at its work then: what was done before this call is seen.
        if (_isSet) return;
        lock (_monitor)
        {
            _isSet = true;
            Monitor.Pulse(_monitor);
        }
    }

    public void Wait()
    {
        lock (_monitor)
        {
            while (!_isSet) Monitor.Wait(_monitor);
            _isSet = false;
        }
    }
}
