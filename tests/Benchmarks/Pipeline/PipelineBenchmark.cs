using Npgsql;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.Testing;

namespace Tally.Benchmarks.Pipeline;

/// <summary>
/// The pipeline beside the broker's own ceiling (docs/performance.md). Both take turns in slices, so that what else the
/// machine does meets both; the ratio of each pair counts, not the rates.
/// </summary>
/// <param name="slice">Messages in a slice.</param>
/// <param name="pairs">Pairs measured, after one of each that warms up.</param>
/// <param name="devices">Devices that take turns.</param>
internal sealed class PipelineBenchmark(int slice, int pairs, int devices)
{
    /// <summary>Measures, prints each pair and the result.</summary>
    public async Task<PipelineResult> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await using var ceilingBroker = await MosquittoServer.StartAsync(cancellationToken);
        await using var services = await PipelineServices.StartAsync(cancellationToken);
        var ceiling = new Ceiling(ceilingBroker.AddressOf("simulator"), ceilingBroker.AddressOf("ingest"), devices);
        var executor = new RunExecutor(new MqttClientFactory(), TimeProvider.System);

        var eager = new double[pairs];
        var gathering = new double[pairs];
        var pipeline = new double[pairs];
        output.WriteLine($"{pairs} slices of {slice:N0} each, messages per second; the first of each, unlisted, warms up");
        output.WriteLine("      ceiling, eager  ceiling, gathering        pipeline");
        for (var pair = -1; pair < pairs; pair++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rates = (Eager: ceiling.Measure(slice, gather: false), Gathering: ceiling.Measure(slice, gather: true), Pipeline: await RunPipelineAsync(pair));
            if (pair < 0) continue;
            (eager[pair], gathering[pair], pipeline[pair]) = rates;
            output.WriteLine($"{pair + 1,3}  {rates.Eager,15:N0}  {rates.Gathering,18:N0} {rates.Pipeline,15:N0}");
        }

        await CheckStoredAsync();
        // The better habit is the ceiling; a pair is a pipeline slice and the ceiling slice beside it.
        var best = Median(eager) > Median(gathering) ? eager : gathering;
        var ratios = pipeline.Zip(best, (rate, limit) => rate / limit).ToArray();
        var result = new PipelineResult(Median(best), Median(pipeline), Median(ratios), ratios.Min(), ratios.Max());
        output.WriteLine(
            $"ceiling {result.CeilingMessagesPerSecond:N0}/s, pipeline {result.PipelineMessagesPerSecond:N0}/s, "
            + $"ratio {result.Ratio:F2} ({result.RatioMin:F2} to {result.RatioMax:F2})");
        return result;

        async Task<double> RunPipelineAsync(int pair)
        {
            var options = new RunOptions
            {
                Run = $"slice-{pair + 1}",
                Messages = slice,
                Devices = devices,
                Start = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()),
            };
            var outcome = await executor.ExecuteAsync(options, services.SimulatorAddress, new NoProgress(), cancellationToken);
            if (outcome.End != RunEnd.Completed || outcome.Stored.Count != slice)
                throw new InvalidOperationException($"Slice {pair + 1}: {outcome.End}, {outcome.Stored.Count:N0} of {slice:N0} acknowledged as stored.");
            return slice / outcome.Duration.TotalSeconds;
        }

        // A rate is worth nothing if the work was not done.
        async Task CheckStoredAsync()
        {
            await using var connection = new NpgsqlConnection(services.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("select count(*) from (select distinct run_id, series_id, seq from readings) identities", connection);
            var stored = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            var published = (long)slice * (pairs + 1);
            if (stored != published) throw new InvalidOperationException($"{published:N0} readings were published and {stored:N0} are stored.");
        }
    }

    private static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>What is written as JSON.</summary>
/// <param name="CeilingMessagesPerSecond">Median of the better ceiling.</param>
/// <param name="PipelineMessagesPerSecond">Median of the pipeline.</param>
/// <param name="Ratio">Median of the ratios of the pairs.</param>
/// <param name="RatioMin">Smallest ratio.</param>
/// <param name="RatioMax">Largest ratio.</param>
internal sealed record PipelineResult(
    double CeilingMessagesPerSecond, double PipelineMessagesPerSecond, double Ratio, double RatioMin, double RatioMax);
