using System.ComponentModel.DataAnnotations;

namespace Tally.QueryApi;

/// <summary>Section <c>QueryApi</c>.</summary>
internal sealed record QueryApiOptions : IValidatableObject
{
    /// <summary>How long one statement of a ledger may take. A hundred million rows sort on disk in about this time.</summary>
    public TimeSpan LedgerTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Ledgers of different runs that are counted at once; each takes up to three of the database's processes.</summary>
    [Range(1, 16, ErrorMessage = "expected 1 to 16 ledgers at once.")]
    public int LedgersAtOnce { get; set; } = 2;

    /// <summary>How long any other statement may take. They read a few rows; what takes longer waits for a lock or a dead disk.</summary>
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two looks at a run that somebody watches: twice a second is as much as an eye follows.</summary>
    public TimeSpan EventInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest silence on an event stream. Proxies cut what is silent for 30 to 60 seconds.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two looks at whether the database is there.</summary>
    public TimeSpan DatabaseCheckInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least) in Durations())
        {
            if (value < least) yield return new($"expected at least {least}.", [name]);
        }
    }

    private IEnumerable<(string Name, TimeSpan Value, TimeSpan Least)> Durations()
    {
        yield return (nameof(LedgerTimeout), LedgerTimeout, TimeSpan.FromSeconds(1));
        yield return (nameof(QueryTimeout), QueryTimeout, TimeSpan.FromSeconds(1));
        yield return (nameof(EventInterval), EventInterval, TimeSpan.FromMilliseconds(100));
        yield return (nameof(Heartbeat), Heartbeat, TimeSpan.FromSeconds(1));
        yield return (nameof(DatabaseCheckInterval), DatabaseCheckInterval, TimeSpan.FromMilliseconds(100));
    }
}
