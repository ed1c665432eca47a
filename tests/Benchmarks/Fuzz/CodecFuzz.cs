using System.Diagnostics;
using Tally.Mqtt;
using Tally.Benchmarks.Fuzz.Hostile;

namespace Tally.Benchmarks.Fuzz;

/// <summary>Hostile bytes into the receive path in memory, by the million.</summary>
/// <param name="seed">All cases follow from it.</param>
/// <param name="version">Of MQTT.</param>
/// <param name="watch">Looked at in between.</param>
internal sealed class CodecFuzz(ulong seed, MqttProtocolVersion version, MemoryWatch watch)
{
    private readonly Dice _dice = new(seed);
    private readonly PacketBytes _bytes = new();
    private readonly CodecTarget _target = new(version);

    /// <summary>Runs all classes.</summary>
    /// <param name="packets">In all.</param>
    /// <param name="cancellationToken">Ends it between two cases.</param>
    public IEnumerable<FuzzClass> Run(long packets, CancellationToken cancellationToken)
    {
        var valid = new ValidPackets(_bytes, _dice, (int)version);
        var stream = new PortionedStream(_dice);
        (string Name, int Share, Func<(int Packets, Ending Ending)> Case)[] classes =
        [
            ("valid packets", 10, () => Valid(valid)),
            ("random bytes", 15, RandomBytes),
            ("random bodies", 20, RandomBody),
            ("mutated packets", 40, () => Mutated(valid)),
            ("one byte at a time", 5, () => Portioned(valid, stream, 1)),
            ("split anywhere", 10, () => Portioned(valid, stream, 200)),
        ];
        for (var which = 0; which < classes.Length; which++)
        {
            var (name, share, run) = classes[which];
            var result = new FuzzClass($"codec: {name}", version);
            var begin = Stopwatch.GetTimestamp();
            var enough = Math.Ceiling(packets * share / 100.0);
            for (ulong number = 0; result.Packets < enough && !cancellationToken.IsCancellationRequested; number++)
            {
                _dice.Reset(seed ^ ((ulong)version << 60) ^ ((ulong)which << 52) ^ number);
                _bytes.Clear();
                var (count, ending) = run();
                result.Count(count, ending);
                if (ending.Kind == EndingKind.Defect) result.Describe(() => $"case {number}: {Convert.ToHexString(_bytes.Written)}");
                if (number % 1024 == 0) watch.Look();
            }

            result.Time = Stopwatch.GetElapsedTime(begin);
            yield return result;
        }
    }

    private (int, Ending) Valid(ValidPackets valid)
    {
        valid.Any();
        var ending = _target.Run(_bytes.Memory);
        return (1, ending == Ending.Accepted && _target.Packets == 1 ? ending : new Ending(EndingKind.Defect));
    }

    private (int, Ending) RandomBytes()
    {
        _bytes.Random(_dice, _dice.Between(1, 64));
        return Packets(_target.Run(_bytes.Memory));
    }

    private (int, Ending) RandomBody()
    {
        var begin = _bytes.Begin(_dice.One<int>([0x20, 0x30, 0x31, 0x32, 0x34, 0x3A, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xE0, 0xF0]));
        _bytes.Random(_dice, _dice.Below(60)).End(begin);
        return Packets(_target.Run(_bytes.Memory));
    }

    private (int, Ending) Mutated(ValidPackets valid)
    {
        valid.Any();
        Mutation.Apply(_bytes, _dice);
        return Packets(_target.Run(_bytes.Memory));
    }

    /// <summary>Some packets, half of them mutated: however they arrive, the outcome is the same.</summary>
    private (int, Ending) Portioned(ValidPackets valid, PortionedStream stream, int largest)
    {
        for (var packets = _dice.Between(1, 4); packets > 0; packets--) valid.Any();
        if (_dice.Percent(50)) Mutation.Apply(_bytes, _dice);
        var whole = _target.Run(_bytes.Memory);
        var (count, fingerprint) = (_target.Packets, _target.Fingerprint);
        stream.Reset(_bytes.Memory, largest);
        var portioned = _target.Run(stream);
        return Packets(portioned == whole && _target.Packets == count && _target.Fingerprint == fingerprint ? portioned : new Ending(EndingKind.Defect));
    }

    // What was refused or is incomplete is a packet too, if a wrong one.
    private (int, Ending) Packets(Ending ending) => (_target.Packets + (ending == Ending.Accepted ? 0 : 1), Check(ending));

    // Random input may end in these ways only: 0x93 and 0x94 take a session, the others a broker's word or a refusal of ours.
    private static Ending Check(Ending ending) => ending is
    {
        Kind: EndingKind.Refused,
        Reason: not (MqttReasonCode.MalformedPacket or MqttReasonCode.ProtocolError or MqttReasonCode.PacketTooLarge),
    }
        ? new Ending(EndingKind.Defect)
        : ending;
}
