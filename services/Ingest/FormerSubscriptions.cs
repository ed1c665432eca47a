using Npgsql;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>
/// Ends the subscriptions that an earlier life of this instance made and that configuration no longer asks for. The broker keeps
/// them with the session: <c>#</c> left beside <c>$share/g/#</c> would bring every reading twice (seen on
/// Mosquitto 2.0.11), and a filter that was taken out would go on delivering.
/// </summary>
internal sealed class FormerSubscriptions(
    IngestClients clients,
    IngestSessions memory,
    NpgsqlDataSource source,
    IngestOptions options,
    ILogger<FormerSubscriptions> logger)
{
    private IReadOnlyList<string> _former = [];

    /// <summary>Finds out what they are. To be called before connecting.</summary>
    public void Find(IngestSession session) => _former = [.. session.Filters.Except(clients.Subscriptions)];

    /// <summary>
    /// Ends them, once connected. Today's are granted by then: the other way round, what is published in between would go to
    /// nobody. So a message that arrives in those milliseconds may come twice, as any at QoS 1 may.
    /// </summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_former.Count == 0) return;
        try
        {
            var reasons = await clients.Delivery.UnsubscribeAsync(_former, cancellationToken);
            Tell(reasons);
            await memory.ForgetAsync(
                options.Instance, [.. _former.Where((_, i) => reasons[i] < MqttReasonCode.UnspecifiedError)], cancellationToken);
        }
        catch (Exception error) when (error is OperationCanceledException or MqttException && cancellationToken.IsCancellationRequested)
        {
            return; // remembered, so the next life does it
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            logger.LogWarning(
                "Ended subscriptions are not forgotten, and ended once more at the next start, without harm: {Trouble}.",
                DatabaseErrors.Explain(error, source.ConnectionString));
        }
    }

    private void Tell(IReadOnlyList<MqttReasonCode> reasons)
    {
        for (var i = 0; i < reasons.Count; i++)
        {
            if (reasons[i] >= MqttReasonCode.UnspecifiedError)
            {
                logger.LogWarning(
                    "The broker does not end the subscription to {Filter}, which configuration no longer asks for: {Reason}; tried again at the next start.",
                    _former[i],
                    reasons[i]);
            }
            else if (reasons[i] == MqttReasonCode.Success)
            {
                logger.LogInformation("'{Instance}' is no longer subscribed to {Filter}.", options.Instance, _former[i]);
            }
        }
    }
}
