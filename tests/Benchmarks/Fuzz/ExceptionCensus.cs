using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using MQTTnet.Exceptions;
using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz;

/// <summary>
/// Counts every exception that is thrown anywhere in the process, caught or not: one that hostile input must not be able to
/// cause cannot hide behind a catch. And those of tasks that nobody looked at.
/// </summary>
internal sealed class ExceptionCensus : IDisposable
{
    // A protocol error; a broken socket; a wait that was given up. Anything else is a defect.
    private static readonly HashSet<Type> Expected =
    [
        typeof(MqttProtocolViolationException), typeof(MqttException), typeof(MqttRefusedException), typeof(MqttSessionLostException), typeof(IOException), typeof(EndOfStreamException),
        typeof(SocketException), typeof(ObjectDisposedException), typeof(OperationCanceledException), typeof(TimeoutException), typeof(TaskCanceledException),
    ];

    private readonly ConcurrentDictionary<string, long> _unexpected = new();
    private long _unobserved;

    public ExceptionCensus()
    {
        AppDomain.CurrentDomain.FirstChanceException += OnThrown;
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    /// <summary>Types that must not come up, with how often they did.</summary>
    public IReadOnlyDictionary<string, long> Unexpected => _unexpected;

    /// <summary>Exceptions of tasks that nobody looked at.</summary>
    public long Unobserved
    {
        get
        {
            // They are told by the finalizer of their task.
            for (var turn = 0; turn < 2; turn++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            return Interlocked.Read(ref _unobserved);
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.FirstChanceException -= OnThrown;
        TaskScheduler.UnobservedTaskException -= OnUnobserved;
    }

    private void OnThrown(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        var type = thrown.Exception.GetType();
        if (!Expected.Contains(type)) _unexpected.AddOrUpdate(type.FullName!, 1, static (_, count) => count + 1);
    }

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs unobserved)
    {
        Interlocked.Increment(ref _unobserved);
        foreach (var error in unobserved.Exception.InnerExceptions)
            _unexpected.AddOrUpdate($"unobserved {error.GetType().FullName}", 1, static (_, count) => count + 1);
    }
}
