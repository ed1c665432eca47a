using System.Diagnostics;

namespace Tally.Benchmarks.Pipeline;

/// <summary>
/// What the broker alone can move: one raw publisher, one raw subscriber, the pipeline's own topics, payloads, properties,
/// users, ACL and configuration; QoS 1 both ways, PUBACKs coalesced; no database, no acknowledgements of the application.
/// </summary>
internal sealed class Ceiling(Uri publisherAddress, Uri subscriberAddress, int devices)
{
    /// <summary>Our broker's max_inflight_messages, which it tells publishers as its Receive Maximum.</summary>
    private const int Window = 2000;

    /// <summary>Moves that many messages and gives the messages a second, from the first publish to the last PUBACK on both sides.</summary>
    public double Measure(int count, bool gather)
    {
        var packets = RawPackets.Publishes(count, devices, out var ends);
        using var subscriber = new RawConnection("ceiling-subscriber", subscriberAddress, gather);
        using var publisher = new RawConnection("ceiling-publisher", publisherAddress, gather);
        subscriber.Send(RawPackets.Subscribe());
        subscriber.Read(0x90);

        Exception? failure = null;
        var reader = new Thread(() =>
        {
            try
            {
                Subscribe(subscriber, count);
            }
            catch (Exception error)
            {
                // Handed to the thread that waits: an exception on a plain thread would end the process.
                failure = error;
            }
        });
        reader.Start();
        var watch = Stopwatch.StartNew();
        Publish(publisher, packets, ends);
        reader.Join();
        if (failure is not null) throw new InvalidOperationException("The ceiling's subscriber failed.", failure);
        return count / watch.Elapsed.TotalSeconds;
    }

    private static void Publish(RawConnection connection, byte[] packets, int[] ends)
    {
        int sent = 0, acknowledged = 0;
        while (acknowledged < ends.Length)
        {
            var upTo = Math.Min(ends.Length, acknowledged + Window);
            if (upTo > sent)
            {
                var start = sent == 0 ? 0 : ends[sent - 1];
                connection.Send(packets.AsSpan(start, ends[upTo - 1] - start));
                sent = upTo;
            }

            connection.Fill();
            while (connection.TryNext(out var header, out _))
            {
                if ((header & 0xF0) == 0x40) acknowledged++;
            }
        }
    }

    private static void Subscribe(RawConnection connection, int count)
    {
        var acknowledgements = new byte[4 * 65_536];
        var received = 0;
        while (received < count)
        {
            connection.Fill();
            var used = 0;
            while (connection.TryNext(out var header, out var body))
            {
                if ((header & 0xF0) != 0x30) continue;
                var id = body.Slice(2 + (body[0] << 8 | body[1]), 2);
                acknowledgements[used] = 0x40;
                acknowledgements[used + 1] = 2;
                id.CopyTo(acknowledgements.AsSpan(used + 2));
                used += 4;
                received++;
            }

            connection.Send(acknowledgements.AsSpan(0, used));
        }
    }
}
