namespace Tally.AppHost.Local;

/// <summary>One port of a resource: the preferred one if it is free at the first start, and the same ever after.</summary>
internal sealed class LocalPort(string name, int? preferred, Screen screen)
{
    /// <summary>The port chosen last; 0 before.</summary>
    public int Number { get; private set; }

    /// <summary>Chooses: while the resource was never ready, whatever is free now.</summary>
    public void Choose(bool first)
    {
        if (!first || (Number != 0 && FreePort.IsFree(Number))) return;
        var wanted = Number == 0 ? preferred : Number;
        Number = wanted is { } port ? FreePort.PreferablyAt(port) : FreePort.Any();
        if (wanted is not null && Number != wanted) screen.Say($"Port {wanted} is taken, so {name} is on {Number}.");
    }
}
