using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tally.AppHost.Infrastructure;
using Tally.Ingest;
using Tally.Ingest.Receiving;
using Tally.Ingest.Sources;
using Tally.Ingest.Storing;
using Tally.Storage;
using Tally.Testing;

namespace Tally.Benchmarks.Decode;

/// <summary>What one format costs; medians over the rounds.</summary>
/// <param name="Format">Its name.</param>
/// <param name="Values">Readings in a message.</param>
/// <param name="DecodedPerSecond">Messages that one thread decodes in a second, for nothing.</param>
/// <param name="StoredPerSecond">Messages decoded and stored in a second, one thread decoding while another stores.</param>
/// <param name="ShareOfNative">The same as a share of native messages in the same round.</param>
/// <param name="AllocatedBytes">Managed memory allocated for a message, decoding and storing.</param>
/// <param name="ResidentMb">The largest resident memory of this process so far.</param>
internal sealed record FormatFigures(string Format, int Values, double DecodedPerSecond, double StoredPerSecond, double ShareOfNative, double AllocatedBytes, double ResidentMb);

/// <summary>
/// Ingest's own reader and writer on messages in memory and a real PostgreSQL; no broker, which would be the limit of all formats. Formats
/// take turns, and are compared within one round.
/// </summary>
internal sealed class DecodeBenchmark(int messages, int rounds)
{
    private const int BatchSize = 2_000;

    private readonly IngestOptions _options = new() { Presets = "zigbee2mqtt,telegraf" };
    private long _life;

    /// <summary>Measures, and prints a table.</summary>
    public async Task<IReadOnlyList<FormatFigures>> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await using var server = await PostgresServer.StartAsync(Database.Settings, cancellationToken);
        var connectionString = await server.CreateDatabaseAsync(cancellationToken);
        await Migrator.MigrateAsync(connectionString, NullLogger.Instance, cancellationToken);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var writer = new BatchWriter(source, new StorageOptions(), "benchmark", NullLogger<BatchWriter>.Instance);
        var formats = DecodeLoad.All();
        var slices = formats.ToDictionary(format => format, _ => new List<Slice>());
        for (var round = 0; round <= rounds; round++) // the first one warms
        {
            foreach (var format in formats)
            {
                var load = format.Make(messages, round);
                var decoded = Decode(load);
                var (stored, allocated) = await StoreAsync(load, format.Values, writer, cancellationToken);
                if (round > 0) slices[format].Add(new Slice(decoded, stored, allocated));
                await using var truncate = source.CreateCommand("TRUNCATE readings; CHECKPOINT");
                await truncate.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        var figures = formats.Select(format => Sum(format, slices[format], slices[formats[0]])).ToList();
        output.WriteLine("format            values   decoded/s    stored/s   of native   allocated   resident");
        foreach (var one in figures)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{one.Format,-16} {one.Values,7} {one.DecodedPerSecond,11:N0} {one.StoredPerSecond,11:N0} {one.ShareOfNative,11:0.00} {one.AllocatedBytes,9:N0} B {one.ResidentMb,7:N0} MB"));
        }

        return figures;
    }

    private FormatFigures Sum(DecodeLoad format, List<Slice> slices, List<Slice> native) => new(
        format.Name,
        format.Values,
        Median(slices.Select(slice => messages / slice.Decoded.TotalSeconds)),
        Median(slices.Select(slice => messages / slice.Stored.TotalSeconds)),
        Median(slices.Zip(native, (slice, other) => other.Stored / slice.Stored)),
        Median(slices.Select(slice => (double)slice.Allocated / messages)),
        Process.GetCurrentProcess().PeakWorkingSet64 / 1e6);

    private TimeSpan Decode(Load load)
    {
        var reader = NewReader();
        var batch = new PendingBatch(BatchSize);
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
        {
            reader.Read(load.MessageOf(i), batch);
            if (batch.IsFull) batch.Clear();
        }

        return Stopwatch.GetElapsedTime(begin);
    }

    private async Task<(TimeSpan Took, long Allocated)> StoreAsync(Load load, int values, BatchWriter writer, CancellationToken cancellationToken)
    {
        var reader = NewReader();
        var (free, filled) = (Channel.CreateUnbounded<PendingBatch>(), Channel.CreateUnbounded<PendingBatch>());
        for (var i = 0; i < _options.Batches; i++) free.Writer.TryWrite(new PendingBatch(BatchSize));
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var begin = Stopwatch.GetTimestamp();
        var filling = Task.Run(
            async () =>
            {
                var batch = await free.Reader.ReadAsync(cancellationToken);
                for (var i = 0; i < messages; i++)
                {
                    reader.Read(load.MessageOf(i), batch);
                    if (!batch.IsFull) continue;
                    batch.Seal();
                    filled.Writer.TryWrite(batch);
                    batch = await free.Reader.ReadAsync(cancellationToken);
                }

                batch.Seal();
                filled.Writer.TryWrite(batch);
                filled.Writer.Complete();
            },
            cancellationToken);
        var stored = 0L;
        await foreach (var batch in filled.Reader.ReadAllAsync(cancellationToken))
        {
            stored += (await writer.WriteAsync(batch.Rows, cancellationToken)).Stored;
            batch.Clear();
            free.Writer.TryWrite(batch);
        }

        await filling;
        var took = Stopwatch.GetElapsedTime(begin);
        if (stored != (long)messages * values) throw new InvalidOperationException($"{messages:N0} messages of {values} readings were decoded and {stored:N0} readings are stored.");
        return (took, GC.GetTotalAllocatedBytes(precise: true) - allocated);
    }

    private MessageReader NewReader()
    {
        var foreign = new ForeignIdentities();
        foreign.Begin(++_life);
        return new MessageReader(
            new Catalog(), new SourceSet(_options), new AckAddresses(_options, NullLogger<AckAddresses>.Instance), foreign, TimeProvider.System, NullLogger<MessageReader>.Instance);
    }

    private static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private readonly record struct Slice(TimeSpan Decoded, TimeSpan Stored, long Allocated);
}
