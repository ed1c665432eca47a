using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tally.Mqtt;
using Tally.Benchmarks.Fuzz.Hostile;

namespace Tally.Benchmarks.Fuzz;

/// <summary>Hostile input to whole clients over a loopback socket: connections by the ten thousand, with many packets each.</summary>
/// <param name="seed">All cases follow from it.</param>
/// <param name="version">Of MQTT.</param>
/// <param name="watch">Looked at in between.</param>
internal sealed class ClientFuzz(ulong seed, MqttProtocolVersion version, MemoryWatch watch)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly HostileTheatre _theatre = new();
    private readonly Dice _dice = new(seed);
    private readonly PacketBytes _mutated = new();
    private readonly HostileSession[] _sessions = [.. HostileSessions.Of(version)];

    /// <summary>Runs all classes.</summary>
    /// <param name="packets">In all, about.</param>
    /// <param name="rounds">How often each hostile socket is met; most of them take a second, which is the client's patience.</param>
    /// <param name="cancellationToken">Ends it between two cases.</param>
    public async IAsyncEnumerable<FuzzClass> RunAsync(long packets, int rounds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return await StreamsAsync("streams that end in random bytes", packets * 30 / 100, 1, EndRandom, cancellationToken);
        yield return await StreamsAsync("streams with a mutated packet", packets * 40 / 100, 2, EndMutated, cancellationToken);
        yield return await StreamsAsync("streams that end well", packets * 30 / 100, 3, static (_, _, _) => { }, cancellationToken);
        yield return await SessionsAsync(packets / 100, cancellationToken);
        if (version == MqttProtocolVersion.V500) yield return await SocketsAsync(rounds, cancellationToken);
    }

    private delegate void StreamEnd(PacketBytes bytes, ValidPackets valid, Dice dice);

    private static void EndRandom(PacketBytes bytes, ValidPackets valid, Dice dice)
    {
        bytes.Random(dice, dice.Between(1, 200));
    }

    private void EndMutated(PacketBytes bytes, ValidPackets valid, Dice dice)
    {
        _mutated.Clear();
        new ValidPackets(_mutated, dice, (int)version).Any();
        Mutation.Apply(_mutated, dice);
        bytes.Raw(_mutated.Written);
    }

    /// <summary>
    /// One client that connects again and again to the same peer: each connection brings many messages and one end. What
    /// one connection left behind would show in the next, and in the memory.
    /// </summary>
    private async Task<FuzzClass> StreamsAsync(string name, long packets, ulong which, StreamEnd writeEnd, CancellationToken cancellationToken)
    {
        var result = new FuzzClass($"client: {name}", version);
        var begin = Stopwatch.GetTimestamp();
        using var broker = new HostileBroker();
        var bytes = new PacketBytes();
        var valid = new ValidPackets(bytes, _dice, (int)version);
        HostileClient? client = null;
        for (ulong number = 0; result.Packets < packets && !cancellationToken.IsCancellationRequested; number++)
        {
            _dice.Reset(seed ^ ((ulong)version << 60) ^ (which << 52) ^ number);
            client ??= new HostileClient(HostileClient.Options(broker.Address, version));
            using var connection = broker.Accept();
            connection.ReadPacket(1);
            bytes.Clear();
            valid.ConnAck();
            var messages = _dice.Below(_dice.Percent(90) ? 100 : 1_000);
            for (var message = 0; message < messages; message++)
            {
                if (_dice.Percent(95)) valid.Publish(_dice.Below(3), _dice.PacketId());
                else bytes.Byte(0xD0).Byte(0);
            }

            writeEnd(bytes, valid, _dice);
            valid.End();
            if (_dice.Percent(80)) connection.Send(bytes.Written);
            else connection.Send(bytes.Written, _dice, bytes.Count < 400 ? 1 : 2_000);
            connection.CloseSending();
            connection.ReadToTheEnd();
            var end = client.WaitForEnd();
            var ending = Judge(end, client.SawTheEnd, connection.Farewell);
            result.Count(messages + 2, ending);
            if (ending.Kind == EndingKind.Defect)
                result.Describe(() => $"connection {number}: {end.Reason}, farewell {connection.Farewell}: {end.Message} {Convert.ToHexString(bytes.Written[^Math.Min(300, bytes.Count)..])}");
            watch.Look();
            if (!IsOver(end.Reason)) continue;
            await client.DisposeAsync();
            client = null;
        }

        if (client is not null) await client.DisposeAsync();
        result.Time = Stopwatch.GetElapsedTime(begin);
        return result;
    }

    private async Task<FuzzClass> SessionsAsync(long sessions, CancellationToken cancellationToken)
    {
        var result = new FuzzClass("client: out of order, never sent, at the wrong time", version);
        var begin = Stopwatch.GetTimestamp();
        for (ulong number = 0; (long)number < sessions && !cancellationToken.IsCancellationRequested; number++)
        {
            _dice.Reset(seed ^ ((ulong)version << 60) ^ number);
            var session = _sessions[number % (ulong)_sessions.Length];
            var outcome = await _theatre.PlayAsync(session, version, _dice);
            var fits = session.Reasons.Length == 0 ? outcome.Taken : !outcome.Taken && session.Reasons.Contains(outcome.Reason);
            result.Count(outcome.Packets, !fits ? new Ending(EndingKind.Defect) : outcome.Taken ? Ending.Accepted : new Ending(EndingKind.Refused, outcome.Reason));
            if (!fits) result.Describe(() => $"session {number}, {session.Name}: {outcome}");
            watch.Look();
        }

        result.Time = Stopwatch.GetElapsedTime(begin);
        return result;
    }

    private async Task<FuzzClass> SocketsAsync(int rounds, CancellationToken cancellationToken)
    {
        var result = new FuzzClass("client: hostile sockets", version);
        var begin = Stopwatch.GetTimestamp();
        for (var time = 0; time < rounds && !cancellationToken.IsCancellationRequested; time++)
        {
            foreach (var fault in HostileSockets.All)
            {
                var outcome = await _theatre.PlayAsync(fault, _dice, Patience);
                var fits = outcome.Reason == fault.Reason && outcome.Message.Contains(fault.Message, StringComparison.Ordinal);
                result.Count(outcome.Packets, new Ending(!fits ? EndingKind.Defect : fault.EndsByTime ? EndingKind.TimedOut : EndingKind.Broken, outcome.Reason));
                if (!fits) result.Describe(() => $"{fault.Name}: {outcome}");
                watch.Look();
            }

            var refused = await HostileTheatre.PlayRefusalAsync();
            result.Count(0, new Ending(refused.Reason == MqttReasonCode.ServerUnavailable ? EndingKind.Broken : EndingKind.Defect, refused.Reason));
        }

        result.Time = Stopwatch.GetElapsedTime(begin);
        return result;
    }

    private static Ending Judge(MqttDisconnected end, bool sawTheEnd, int? farewell)
    {
        var refused = end.Message.Contains("broke the protocol", StringComparison.Ordinal) || end.Message.Contains("answers CONNECT", StringComparison.Ordinal);
        if (refused) return farewell is null || farewell == (int)end.Reason ? new Ending(EndingKind.Refused, end.Reason) : new Ending(EndingKind.Defect);
        if (sawTheEnd) return Ending.Accepted;
        if (end.Message.Contains("closed", StringComparison.Ordinal)) return Ending.Incomplete;
        return end.Message.Contains("disconnects the client", StringComparison.Ordinal) || end.Message.Contains("refuses", StringComparison.Ordinal)
            ? new Ending(EndingKind.Disconnected, end.Reason)
            : new Ending(EndingKind.Defect);
    }

    // After these the client does not come again (a broker's word that trying again would not change).
    private static bool IsOver(MqttReasonCode reason) => reason is
        MqttReasonCode.UnsupportedProtocolVersion or MqttReasonCode.ClientIdentifierNotValid or MqttReasonCode.BadUserNameOrPassword or
        MqttReasonCode.NotAuthorized or MqttReasonCode.Banned or MqttReasonCode.BadAuthenticationMethod or MqttReasonCode.ServerMoved;
}
