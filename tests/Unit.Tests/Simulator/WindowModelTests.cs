using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Tally.SensorSimulator.Publishing;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

/// <summary>The window against a broker, an Ingest and a network that lose, delay and forget.</summary>
public sealed class WindowModelTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_is_lost_every_reading_is_acknowledged_in_the_end_and_the_window_is_kept(int seed)
    {
        var random = new Random(seed);
        var time = new FakeTimeProvider();
        var options = new WindowOptions { Size = 1 + random.Next(40) };
        var window = new Window(500, options, time);
        var queue = new Queue<Publication>();
        var stored = new HashSet<long>();
        var probesAllowed = 0L;
        for (var step = 0; step < 200_000 && !window.IsComplete; step++)
        {
            var faulty = step < 5_000; // then the world gets well
            while (window.TryNext(allowNew: true, out var sent))
            {
                if (faulty && random.Next(5) == 0)
                {
                    window.Withdraw(sent);
                    break;
                }

                if (sent.Kind == PublicationKind.Probe) probesAllowed++;
                if (faulty && random.Next(20) == 0) continue; // gone without a word
                if (faulty && random.Next(50) == 0)
                {
                    window.OnRefused(sent.Token);
                    continue;
                }

                queue.Enqueue(sent);
                window.OnAccepted();
            }

            window.Outstanding.ShouldBeLessThanOrEqualTo(options.Size + (int)Math.Min(probesAllowed, int.MaxValue));
            if (faulty && random.Next(300) == 0)
            {
                if (random.Next(2) == 0) queue.Clear();
                window.OnSessionLost();
            }

            if (random.Next(3) == 0 && queue.TryDequeue(out var arrived))
            {
                stored.Add(arrived.Index);
                if (!faulty || random.Next(10) > 0)
                {
                    window.OnAcknowledged(arrived.Index, stored: true);
                    if (arrived.Kind == PublicationKind.Probe) window.OnProbeReturned(arrived.Position);
                }
            }

            time.Advance(TimeSpan.FromMilliseconds(random.Next(faulty ? 1_000 : 200)));
            window.Tick();
        }

        window.IsComplete.ShouldBeTrue();
        window.Stored.Count.ShouldBe(500);
        stored.Count.ShouldBe(500);
    }
}
