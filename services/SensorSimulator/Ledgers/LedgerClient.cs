using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Ledgers;

/// <summary>Asks QueryApi for a run's ledger.</summary>
/// <param name="api">QueryApi's address.</param>
/// <param name="timeout">
/// How long to ask, again and again while there is no answer. A ledger of a million readings takes about a second; the rest
/// is for an API that is just starting again.
/// </param>
internal sealed class LedgerClient(Uri api, TimeSpan timeout)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>The ledger of a run; what is not there yet is asked for again.</summary>
    /// <exception cref="RunEnvironmentException">No answer in time; names the address and the last reason.</exception>
    public async Task<StoredLedger> GetAsync(string run, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        var address = new Uri(api, $"api/runs/{Uri.EscapeDataString(run)}/ledger");
        var trouble = "it does not answer";
        while (true)
        {
            try
            {
                using var response = await http.GetAsync(address, limit.Token);
                if (response.IsSuccessStatusCode)
                {
                    return await response.Content.ReadFromJsonAsync(LedgersJson.Default.StoredLedger, limit.Token)
                        ?? throw new JsonException("the answer is null");
                }

                trouble = $"it answers {(int)response.StatusCode} {response.ReasonPhrase}";
                // Its database may be away for a moment; but what it calls wrong stays wrong. 404: the run's rows are not to be seen yet.
                if ((int)response.StatusCode is >= 400 and < 500 && response.StatusCode != HttpStatusCode.NotFound) break;
                await Task.Delay(Pause, limit.Token);
            }
            catch (HttpRequestException error)
            {
                trouble = error.Message;
                await Task.Delay(Pause, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (limit.IsCancellationRequested) break;
            }
            catch (JsonException error)
            {
                trouble = $"its answer is no ledger: {error.Message}";
                break;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                break; // the time is over; the last trouble says why
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new RunEnvironmentException($"No ledger from {address} within {timeout.TotalSeconds:N0} s: {trouble}. Is QueryApi running there (--api)?");
    }
}
