namespace Tally.Storage;

/// <summary>How the writer stands with the database.</summary>
public enum StorageState
{
    /// <summary>It has not been reached yet.</summary>
    Unknown,

    /// <summary>The last thing asked of it worked.</summary>
    Ready,

    /// <summary>It is away or in trouble; the writer tries again by itself.</summary>
    Away,

    /// <summary>Password, database or tables are wrong: somebody has to act. The writer keeps trying.</summary>
    NotReady,
}

/// <summary>How the writer stands with the database, for health checks.</summary>
/// <param name="State">State.</param>
/// <param name="Line">One line for people: what is wrong and the way out; empty where nothing is.</param>
/// <param name="SqlState">SQLSTATE of the trouble, or null where the server did not say one.</param>
/// <param name="Since">Since when.</param>
public sealed record StorageHealth(StorageState State, string Line, string? SqlState, DateTimeOffset Since);
