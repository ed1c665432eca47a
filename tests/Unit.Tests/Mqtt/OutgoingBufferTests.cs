using Shouldly;
using Tally.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class OutgoingBufferTests
{
    [Fact]
    public void Once_it_has_grown_it_takes_what_publishing_may_fill_without_allocating()
    {
        var buffer = new OutgoingBuffer();
        Fill(buffer, 70_000);
        buffer.Take();

        // The other of the two has its size from here on.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = 0; turn < 4; turn++)
        {
            Fill(buffer, OutgoingBuffer.PublishLimit);
            buffer.Take().Length.ShouldBe(OutgoingBuffer.PublishLimit);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000); // the assertions' own; a buffer is 64 kB and more
    }

    [Fact]
    public void It_keeps_bytes_and_order_while_it_grows()
    {
        var buffer = new OutgoingBuffer();
        for (var turn = 0; turn < 3; turn++)
        {
            var expected = new List<byte>();
            for (var packet = 1; packet < 1_500; packet++)
            {
                buffer.Append(packet).Fill((byte)packet);
                expected.AddRange(Enumerable.Repeat((byte)packet, packet));
            }

            buffer.Take().ToArray().ShouldBe(expected);
        }
    }

    private static void Fill(OutgoingBuffer buffer, int bytes)
    {
        for (var left = bytes; left > 0; left -= 1_000) buffer.Append(Math.Min(1_000, left)).Clear();
    }
}
