namespace Tally.Ingest.Announcing;

/// <summary>Numbers objects in the order of their first appearance, and finds the last one asked for at once.</summary>
internal sealed class Ordinals<T>
    where T : class
{
    private readonly Dictionary<T, int> _numbers = new(ReferenceEqualityComparer.Instance);
    private readonly List<T> _objects = [];
    private T? _last;
    private int _lastNumber;

    /// <summary>The object with that number.</summary>
    public T this[int number] => _objects[number];

    /// <summary>Number of an object, from 0.</summary>
    public int Of(T value)
    {
        if (ReferenceEquals(value, _last)) return _lastNumber;
        if (!_numbers.TryGetValue(value, out var number))
        {
            number = _objects.Count;
            _numbers.Add(value, number);
            _objects.Add(value);
        }

        (_last, _lastNumber) = (value, number);
        return number;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _numbers.Clear();
        _objects.Clear();
        _last = null;
    }
}
