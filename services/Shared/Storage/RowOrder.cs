using System.Globalization;
using System.Runtime.InteropServices;
using Tally.Contracts;

namespace Tally.Storage;

/// <summary>
/// Puts a batch into the order of the primary key and says which of its readings are rows to write. One order for all writers:
/// two that have the same readings wait for each other instead of deadlocking. Allocates nothing once its arrays have grown.
/// </summary>
internal sealed class RowOrder
{
    private Key[] _keys = [];
    private int[] _rows = [];

    /// <summary>Rows to write.</summary>
    public int Count { get; private set; }

    /// <summary>Readings that are refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Index in the batch of the nth row to write.</summary>
    public int this[int row] => _rows[row];

    /// <summary>
    /// Sorts by series, time, run and seq; equal ones stay in the order they arrived in, so the first of them is the one that counts.
    /// </summary>
    public void Sort(ReadingBatch batch)
    {
        var readings = batch.Readings;
        if (_keys.Length < readings.Length) _keys = new Key[readings.Length];
        var keys = _keys.AsSpan(0, readings.Length);
        for (var i = 0; i < readings.Length; i++)
        {
            ref readonly var reading = ref readings[i];
            keys[i] = new Key(reading.Series.Id, reading.Run.Id, reading.At, reading.Seq, i);
        }

        // Keys hold no references and half of a reading's bytes: they are sorted first, and each reading then moves once.
        keys.Sort();
        for (var start = 0; start < keys.Length; start++)
        {
            if (keys[start].Index is var source && (source == start || source < 0)) continue;
            var first = readings[start];
            var place = start;
            while (source != start)
            {
                readings[place] = readings[source];
                keys[place] = keys[place] with { Index = -1 };
                place = source;
                source = keys[place].Index;
            }

            readings[place] = first;
            keys[place] = keys[place] with { Index = -1 };
        }
    }

    /// <summary>
    /// Chooses the rows of a sorted batch: not the refused ones, nor those that came twice. Adds what it leaves out to the counts,
    /// and counts each row as stored.
    /// </summary>
    public void Choose(ReadingBatch batch, RunCounts counts)
    {
        var readings = batch.Readings;
        if (_rows.Length < readings.Length) _rows = new int[readings.Length];
        (Count, Refused) = (0, 0);
        var last = -1;
        for (var i = 0; i < readings.Length; i++)
        {
            ref var reading = ref readings[i];
            var again = last >= 0 && IsSame(readings[last], reading);
            reading.Refused ??= reading.Series.Refused ?? reading.Run.Refused ?? RefuseTime(reading.At) ?? (again ? RefuseConflict(readings[last].Value, reading.Value) : null);
            ref var run = ref counts.Of(reading.Run);
            if (reading.Refused is not null)
            {
                run.Rejected++;
                Refused++;
            }
            else if (again || reading.IsKnown)
            {
                run.Duplicates++;
            }
            else
            {
                run.Stored++;
                last = i;
                _rows[Count++] = i;
            }
        }
    }

    /// <summary>Why a reading is refused whose identity and time another value has; null where it is the same value.</summary>
    public static string? RefuseConflict(double stored, double value) => stored.Equals(value) ? null : string.Create(
        CultureInfo.InvariantCulture, $"a conflict, its identity and time are stored with another value: {stored:R}, not {value:R}");

    private static bool IsSame(in Reading one, in Reading other) =>
        one.Seq == other.Seq && one.At == other.At && one.Series.Id == other.Series.Id && one.Run.Id == other.Run.Id;

    /// <summary>PostgreSQL would take some of them, as infinity or as a year that no reader can hold.</summary>
    private static string? RefuseTime(long at) =>
        at >= Limits.EarliestAt && at <= Limits.LatestAt ? null : $"its time, {at} µs since 1970, is not between the years 1 and 9999";

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Key(int Series, int Run, long At, long Seq, int Index) : IComparable<Key>
    {
        public int CompareTo(Key other) =>
            Series != other.Series ? Series.CompareTo(other.Series)
            : At != other.At ? At.CompareTo(other.At)
            : Run != other.Run ? Run.CompareTo(other.Run)
            : Seq != other.Seq ? Seq.CompareTo(other.Seq)
            : Index.CompareTo(other.Index);
    }
}
