using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Contracts;
using Tally.Ingest;
using Tally.Ingest.Announcing;
using Tally.Ingest.Receiving;
using Tally.Ingest.Sources;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Unit.Tests.Ingest;

/// <summary>The receiving half of Ingest, with time under the test's control.</summary>
internal sealed class Receiver : IDisposable
{
    public Receiver(IngestOptions? options = null)
    {
        Options = options ?? new IngestOptions();
        Foreign.Begin(1);
        Addresses = new AckAddresses(Options, NullLogger<AckAddresses>.Instance);
        Sources = new SourceSet(Options);
        Reader = new MessageReader(Catalog, Sources, Addresses, Foreign, Time, NullLogger<MessageReader>.Instance);
        Pool = new BatchPool(Options);
        Handler = new TelemetryHandler(Reader, Foreign, Pool, Filled, Options, Time);
    }

    public IngestOptions Options { get; }

    public ManualTime Time { get; } = new();

    public Catalog Catalog { get; } = new();

    public ForeignIdentities Foreign { get; } = new();

    public AckAddresses Addresses { get; }

    public SourceSet Sources { get; }

    public MessageReader Reader { get; }

    public FilledBatches Filled { get; } = new();

    public BatchPool Pool { get; }

    public TelemetryHandler Handler { get; }

    /// <summary>Reads messages into a batch of its own.</summary>
    public PendingBatch Read(params TestMessage[] messages)
    {
        var batch = new PendingBatch(2_000);
        foreach (var message in messages) Reader.Read(message.ToMqtt(), batch);
        batch.Seal();
        return batch;
    }

    public void Receive(TestMessage message) => Handler.OnMessage(message.ToMqtt());

    /// <summary>The notices about a batch, as acknowledgements: <c>to: payload</c>, with the correlation in hex before it.</summary>
    public List<string> Announce(PendingBatch batch)
    {
        using var builder = new NoticeBuilder(Catalog);
        builder.Build(batch);
        var collector = new Collector();
        var reader = new NoticeReader();
        for (var i = 0; i < batch.Notices.Count; i++)
        {
            collector.Topics.Add(batch.Notices.TopicOf(i));
            reader.Read(batch.Notices.PayloadOf(i).Span, collector);
        }

        return collector.Lines;
    }

    public void Dispose() => Handler.Dispose();

    private sealed class Collector : INoticeVisitor
    {
        public List<string> Topics { get; } = [];

        public List<string> Lines { get; } = [];

        public void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation) =>
            Lines.Add($"{Topics[^1]} {Convert.ToHexString(correlation)}> {Encoding.UTF8.GetString(topic)}: {Encoding.UTF8.GetString(payload)}");
    }
}
