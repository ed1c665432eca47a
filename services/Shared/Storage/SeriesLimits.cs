using System.Globalization;
using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Bounds how many series each source makes. What the store has is counted once for each connection; other instances' new series are seen
/// with the next one.
/// </summary>
internal sealed class SeriesLimits
{
    private readonly Dictionary<string, long> _made = [];
    private int _epoch;

    /// <summary>The source that has as many series as it may, in words; null: none has.</summary>
    public string? Full { get; private set; }

    /// <summary>Marks the series that are too many.</summary>
    /// <returns>The others.</returns>
    public async ValueTask<Series[]> RefuseAsync(NpgsqlConnection connection, int epoch, Series[] missing, CancellationToken cancellationToken)
    {
        if (_epoch != epoch) await CountAsync(connection, cancellationToken);
        _epoch = epoch;
        foreach (var series in missing)
        {
            var origin = series.Origin;
            if (origin.MaxSeries == int.MaxValue) continue;
            if (_made.GetValueOrDefault(origin.Source) is var made && made >= origin.MaxSeries)
            {
                Full = string.Create(CultureInfo.InvariantCulture, $"source '{origin.Source}' has {made} series, as many as it may (MaxSeries)");
                series.Refused = $"too many series: {Full}";
                continue;
            }

            _made[origin.Source] = made + 1;
        }

        return Array.FindAll(missing, series => series.Refused is null);
    }

    private async Task CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        _made.Clear();
        Full = null;
        await using var command = new NpgsqlCommand("SELECT source, count(*) FROM series GROUP BY source", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) _made[reader.GetString(0)] = reader.GetInt64(1);
    }
}
