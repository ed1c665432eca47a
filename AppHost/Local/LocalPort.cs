namespace Tally.AppHost.Local;

/// <summary>One port of a resource: the preferred one if it is free at the first start, and the same ever after.</summary>
internal sealed class LocalPort(string name, int? preferred, Screen screen)
{
    private int _number;

    /// <summary>The port chosen last.</summary>
    public int Number => _number;

    /// <summary>Chooses: while the resource was never ready, whatever is free now.</summary>
    public int Choose(bool first)
    {
        if (!first) return _number;
        if (_number != 0 && FreePort.IsFree(_number)) return _number;
        var wanted = _number == 0 ? preferred : _number;
        _number = wanted is { } port ? FreePort.PreferablyAt(port) : FreePort.Any();
        if (wanted is not null && _number != wanted) screen.Say($"Port {wanted} is taken, so {name} is on {_number}.");
        return _number;
    }
}
