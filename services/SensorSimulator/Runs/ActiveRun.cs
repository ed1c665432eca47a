using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tally.Contracts;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Sources;
using Tally.SensorSimulator.Tracing;

namespace Tally.SensorSimulator.Runs;

/// <summary>A run while it goes on: what its sender, its receiver and its observer share.</summary>
internal sealed class ActiveRun : IDisposable
{
    private readonly ConcurrentQueue<string> _notes = new();

    public ActiveRun(RunOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        Plan = options.ToPlan();
        Source = ReadingSources.Make(options.Source, options.Seed);
        var name = $"sim-{Random.Shared.NextInt64(0x1_0000_0000):x8}";
        ClientId = $"{name}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        Name = Encoding.UTF8.GetBytes(options.Run);
        Metric = Encoding.UTF8.GetBytes(Source.Metric);
        AckTopic = Topics.Acks(name);
        Window = new Window(options.Messages, options.Window, time);
        Announcing = new Announcing(options.Window, time);
        Traces = new RunTraces(options.Run, options.TraceEvery);
        WakeSender = new Signal(time);
        WakeObserver = new Signal(time);
    }

    public RunOptions Options { get; }

    public TimeProvider Time { get; }

    public RunPlan Plan { get; }

    public IReadingSource Source { get; }

    /// <summary>Names the session. Its end stands in no topic: devices may read those of acknowledgements, and who knows it takes the session.</summary>
    public string ClientId { get; }

    /// <summary>Name of the run, UTF-8.</summary>
    public byte[] Name { get; }

    /// <summary>The metric, UTF-8.</summary>
    public byte[] Metric { get; }

    /// <summary>Where acknowledgements arrive, UTF-8.</summary>
    public string AckTopic { get; }

    /// <summary>Held around every use of <see cref="Window"/>, <see cref="Announcing"/> and <see cref="Drops"/>.</summary>
    public Lock Gate { get; } = new();

    public Window Window { get; }

    public Announcing Announcing { get; }

    public DropCounter Drops { get; } = new();

    /// <summary>Traces of the readings that are sampled.</summary>
    public RunTraces Traces { get; }

    /// <summary>Set when there may be something to send.</summary>
    public Signal WakeSender { get; }

    /// <summary>Set when there is something new to show.</summary>
    public Signal WakeObserver { get; }

    /// <summary>Timestamp of the first publish; 0 before.</summary>
    public long FirstPublishAt { get; set; }

    /// <summary>There has been a connection.</summary>
    public bool WasConnected { get; set; }

    /// <summary>Why there is no connection, as last said; null while there is one.</summary>
    public string? Disconnected { get; set; }

    /// <summary>The broker will never take what the run sends.</summary>
    public RunEnvironmentException? Failure { get; set; }

    /// <summary>Everything is published and acknowledged, the announcements too. Under the gate.</summary>
    public bool IsComplete => Window.IsComplete && Announcing.IsSettled;

    /// <summary>Leaves a line for the observer to show.</summary>
    public void Note(string line)
    {
        _notes.Enqueue(line);
        WakeObserver.Set();
    }

    /// <summary>Takes the next line to show.</summary>
    public bool TryTakeNote(out string? line) => _notes.TryDequeue(out line);

    /// <inheritdoc/>
    public void Dispose()
    {
        WakeSender.Dispose();
        WakeObserver.Dispose();
    }
}
