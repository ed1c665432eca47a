using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz;

/// <summary>One run: what is hostile goes in, and what came of it is printed.</summary>
/// <param name="packets">Hostile packets in all.</param>
/// <param name="seed">All of them follow from it.</param>
internal sealed class FuzzRun(long packets, ulong seed)
{
    // Share of the packets that goes to whole clients, each connection of which costs what a thousand packets in memory cost.
    private const int ClientPercent = 10;

    // MQTT 5 has the properties, and so most of what can be wrong.
    private const int Version5Percent = 70;

    private const int SocketRounds = 3;

    // Before memory is first looked at, everything runs once: code is compiled, pools and buffers are filled.
    private const int WarmUpPackets = 50_000;

    // What may be left after millions of hostile packets: caches of the runtime, and no more. One leaked byte a packet would be ten.
    private const double MostHeapGrowth = 4;

    // Resident memory goes with the collector's budget for new objects, a processor cache's size.
    private const double MostResidentGrowth = 48;

    /// <summary>Runs it.</summary>
    public async Task<FuzzFigures> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync($"{packets:N0} hostile packets, seed {seed} (repeat with --packets {packets} --seed {seed}).");
        using var census = new ExceptionCensus();
        await foreach (var result in ClassesAsync(WarmUpPackets, 1, ~seed, new MemoryWatch(), cancellationToken)) _ = result;

        var watch = new MemoryWatch();
        var begin = Stopwatch.GetTimestamp();
        var classes = new List<ClassFigures>();
        await foreach (var result in ClassesAsync(packets, SocketRounds, seed, watch, cancellationToken))
        {
            classes.Add(ClassFigures.Of(result));
            await PrintAsync(output, classes[^1]);
        }

        cancellationToken.ThrowIfCancellationRequested();
        watch.End();
        var memory = MemoryFigures.Of(watch);
        var flat = memory.HeapAfter - memory.HeapBefore <= MostHeapGrowth && memory.ResidentAfter - memory.ResidentBefore <= MostResidentGrowth;
        var unobserved = census.Unobserved;
        var figures = new FuzzFigures(
            seed, classes.Sum(result => result.Packets), Math.Round(Stopwatch.GetElapsedTime(begin).TotalSeconds, 1), classes, memory, unobserved, census.Unexpected,
            flat && unobserved == 0 && census.Unexpected.Count == 0 && classes.All(result => result.Defects == 0));
        await PrintAsync(output, figures, flat);
        return figures;
    }

    private static async IAsyncEnumerable<FuzzClass> ClassesAsync(
        long packets, int rounds, ulong seed, MemoryWatch watch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var version in (MqttProtocolVersion[])[MqttProtocolVersion.V500, MqttProtocolVersion.V311])
        {
            var share = packets * (version == MqttProtocolVersion.V500 ? Version5Percent : 100 - Version5Percent) / 100;
            var toClients = share * ClientPercent / 100;
            foreach (var result in new CodecFuzz(seed, version, watch).Run(share - toClients, cancellationToken)) yield return result;
            await foreach (var result in new ClientFuzz(seed, version, watch).RunAsync(toClients, rounds, cancellationToken)) yield return result;
        }
    }

    private static async Task PrintAsync(TextWriter output, ClassFigures result)
    {
        await output.WriteLineAsync($"  {result.Name} (MQTT {result.Version}): {result.Packets:N0} packets in {result.Cases:N0} cases, {result.Seconds:0.0} s");
        await output.WriteLineAsync($"      {string.Join(" · ", result.Endings.Select(ending => $"{ending.Key} {ending.Value:N0}"))}");
        foreach (var defect in result.FirstDefects) await output.WriteLineAsync($"      DEFECT {defect}");
    }

    private static async Task PrintAsync(TextWriter output, FuzzFigures figures, bool flat)
    {
        var memory = figures.Memory;
        await output.WriteLineAsync($"{figures.Packets:N0} packets in {figures.Seconds:N0} s.");
        await output.WriteLineAsync($"Managed heap: {memory.HeapBefore:0.0} MB before, {memory.HeapPeak:0.0} at most, {memory.HeapAfter:0.0} after.");
        await output.WriteLineAsync(
            $"Resident:     {memory.ResidentBefore:0.0} MB before, {memory.ResidentPeak:0.0} at most, {memory.ResidentAfter:0.0} after. {(flat ? "Flat." : "NOT FLAT.")}");
        await output.WriteLineAsync($"Unobserved task exceptions: {figures.UnobservedExceptions}.");
        await output.WriteLineAsync(
            $"Unexpected exceptions: {(figures.UnexpectedExceptions.Count == 0 ? "none" : string.Join(", ", figures.UnexpectedExceptions.Select(one => $"{one.Key} {one.Value:N0}")))}.");
        await output.WriteLineAsync(figures.Passed ? "No harm done." : "HARM DONE: see above.");
    }
}
