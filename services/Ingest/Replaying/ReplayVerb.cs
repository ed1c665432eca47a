using System.Globalization;
using System.Text;
using MQTTnet.Packets;
using Npgsql;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.ServiceDefaults;
using Tally.Storage;

namespace Tally.Ingest.Replaying;

/// <summary>
/// The verb <c>replay</c>: reads dead letters in again, by the way that messages take, after a source was changed. Their readings are marked.
/// The identity of a reading without one is made of its letter's key, so a replay that breaks off is finished by another, and stores
/// nothing twice.
/// </summary>
internal static class ReplayVerb
{
    private const int Together = 500;

    // Above what ForeignIdentities counts to, with room for the readings of one message.
    private const long FirstSeq = 1L << 62;
    private const int ReadingBits = 12;

    /// <summary>Adds what the verb needs beside <see cref="IngestRegistration.AddIngest"/>.</summary>
    public static TBuilder AddReplay<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddCheckedOptions<ReplayOptions>(ReplayOptions.Section);
        builder.Services.AddOptions<IngestOptions>().PostConfigure(ingest => ingest.Instance = "replay"); // its counts stand in rows of their own
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("Tally.Ingest", LogLevel.None); // the verb's own line says it all
        return builder;
    }

    /// <summary>Replays.</summary>
    /// <param name="services">Services.</param>
    /// <param name="output">Gets the line that says what was done.</param>
    /// <param name="errors">Gets the line that says why not.</param>
    /// <param name="cancellationToken">Stops it; what was not read in yet stays a dead letter.</param>
    /// <returns>Exit status: 0 all are stored, 1 some are rejected again, 3 the database is away or refuses.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        var options = services.GetRequiredService<ReplayOptions>();
        var source = services.GetRequiredService<NpgsqlDataSource>();
        var letters = new DeadLetterQueries(source);
        var (reader, writer) = (services.GetRequiredService<MessageReader>(), services.GetRequiredService<BatchWriter>());
        var (read, again, stored, after) = (0, 0, 0L, 0L);
        try
        {
            while (await letters.ReadAsync(options.Reason, after, Together, cancellationToken) is { Count: > 0 } page)
            {
                after = page[^1].Id;
                var asked = page.Where(letter => options.Topic is null || TopicFilters.Overlap(options.Topic, letter.Topic)).ToList();
                var batch = Read(reader, asked);
                var result = await writer.WriteAsync(batch.Rows, cancellationToken);
                var rejected = Rejected(batch);
                await letters.SetReplayedAsync([.. asked.Where((_, message) => !rejected.Contains(message)).Select(letter => letter.Id)], cancellationToken);
                (read, again, stored) = (read + asked.Count, again + rejected.Count, stored + result.Stored);
            }
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            await errors.WriteLineAsync($"Ingest: stopped after {read} dead letters: {DatabaseErrors.Explain(error, source.ConnectionString)}");
            return ExitStatus.Environment;
        }

        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{read} dead letters read in again: {read - again} are stored, as {stored} new readings; {again} are rejected again."));
        return again == 0 ? ExitStatus.Done : ExitStatus.Rejected;
    }

    private static PendingBatch Read(MessageReader reader, List<KeptMessage> letters)
    {
        var batch = new PendingBatch(Together);
        foreach (var letter in letters)
        {
            reader.Replaying = new ReplayedIdentity(FirstSeq | (letter.Id << ReadingBits), (letter.FirstSeen - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
            reader.Read(
                new MqttMessage { Topic = Encoding.UTF8.GetBytes(letter.Topic), Payload = letter.Payload, Packet = new MqttPublishPacket(), Delivery = new MqttDelivery(1, 0) }, batch);
        }

        batch.Seal();
        return batch;
    }

    private static HashSet<int> Rejected(PendingBatch batch)
    {
        var rejected = batch.Rejections.Select(rejection => rejection.Message).ToHashSet();
        foreach (ref readonly var reading in batch.Rows.Readings)
        {
            if (reading.Refused is not null) rejected.Add(reading.Message);
        }

        return rejected;
    }
}
