using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest.Retiring;

/// <summary>
/// Takes an instance out for good. It connects in its name, ends its subscriptions, stores, announces and acknowledges what still
/// waits in its session, and then ends the session; without that, a shared subscription goes on giving an absent instance its
/// share of all messages for as long as the session lives (seen on Mosquitto 2.0.11).
/// </summary>
internal sealed class Retirement(
    IngestClients clients,
    BorrowedSessions sessions,
    TelemetryHandler handler,
    ForeignIdentities foreign,
    IngestLives lives,
    IngestSessions memory,
    Pipeline pipeline,
    StoredTotals totals,
    Patience patience,
    IngestOptions ingest,
    RetireOptions options,
    TimeProvider time)
{
    private bool _unsubscribed;

    /// <summary>Retires the instance that <see cref="IngestOptions.Instance"/> names.</summary>
    /// <returns>One line that says what was done.</returns>
    /// <exception cref="RetireException">It is not retired.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The database is away or refuses.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        foreign.Begin(await lives.NextLifeAsync(cancellationToken)); // before anything can arrive
        if (await memory.FindAsync(ingest.Instance, cancellationToken) is not { } session)
            return $"Nothing to retire: no '{ingest.Instance}' has lived on this database, or it is retired.";
        clients.Open(session.Key);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var storing = pipeline.RunAsync(over.Token);
        try
        {
            var retiring = RetireAsync(session.Filters, storing, over.Token);
            var failing = FailAsync(storing, over.Token);
            var ended = await Task.WhenAny(retiring, failing);
            if (ended == failing || (retiring.IsFaulted && sessions.AreLost)) await failing; // it knows why
            return await retiring;
        }
        finally
        {
            await over.CancelAsync();
            await sessions.Delivery.StopAsync();
            await sessions.Notices.StopAsync();
            await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what matters was thrown above
        }
    }

    private async Task<string> RetireAsync(IReadOnlyList<string> filters, Task storing, CancellationToken cancellationToken)
    {
        // A running instance takes this session back too, and nothing is delivered on it: so it is looked at first.
        sessions.Notices.Start(clients.Notices);
        await sessions.Notices.Connected.WaitAsync(cancellationToken);
        await Task.Delay(options.Watch, time, cancellationToken);

        sessions.Delivery.Start(clients.Delivery);
        var present = await sessions.Delivery.Connected.WaitAsync(cancellationToken);
        await UnsubscribeAsync(filters, cancellationToken);
        _unsubscribed = true;
        var drained = await DrainAsync(filters, cancellationToken);
        handler.Stop();
        await storing;
        if (sessions.Delivery.Messages != drained)
        {
            throw new RetireException(
                $"messages came after a silence of {options.Quiet}; retire it again with a longer {RetireOptions.Section}:{nameof(RetireOptions.Quiet)}");
        }

        sessions.Delivery.Leave();
        await clients.Delivery.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, cancellationToken);
        sessions.Notices.Leave();
        await clients.Notices.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, cancellationToken);
        await memory.ForgetAsync(ingest.Instance, cancellationToken);
        return Line(present);
    }

    /// <summary>
    /// Waits until the session is empty. After UNSUBACK nothing is added to it, and the broker sends what waits as soon as
    /// its window of unacknowledged messages has room. So when all that arrived is acknowledged, the broker is asked something on
    /// the same connection (to unsubscribe once more, which changes nothing): it handles PUBACKs and question in order, and what
    /// the PUBACKs made room for stands before its answer. If nothing stands there, nothing waits. The silence before the
    /// question is for brokers that do these things side by side.
    /// </summary>
    /// <returns>How many messages had arrived by then.</returns>
    private async Task<long> DrainAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        while (true)
        {
            await SilenceAsync(cancellationToken);
            var arrived = sessions.Delivery.Messages;
            await UnsubscribeAsync(filters, cancellationToken);
            if (sessions.Delivery.Messages == arrived) return arrived;
        }
    }

    private async Task SilenceAsync(CancellationToken cancellationToken)
    {
        var (messages, since) = (sessions.Delivery.Messages, time.GetTimestamp());
        while (handler.OldestPending is not null || time.GetElapsedTime(since) < options.Quiet)
        {
            await Task.Delay(Patience.Look, time, cancellationToken);
            if (sessions.Delivery.Messages != messages) (messages, since) = (sessions.Delivery.Messages, time.GetTimestamp());
        }
    }

    private async Task UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        var reasons = await clients.Delivery.UnsubscribeAsync(filters, cancellationToken);
        for (var i = 0; i < reasons.Count; i++)
        {
            if (reasons[i] >= MqttReasonCode.UnspecifiedError)
                throw new RetireException($"the broker does not end the subscription to {filters[i]}: {reasons[i]}; its log may say why");
        }
    }

    /// <summary>Throws when it does not go on.</summary>
    private async Task FailAsync(Task storing, CancellationToken cancellationToken)
    {
        var runOut = patience.RunOutAsync(cancellationToken);
        var broken = BrokenAsync(storing, cancellationToken);
        var ended = await Task.WhenAny(sessions.Notices.Lost, sessions.Delivery.Lost, runOut, broken);
        if (ended == broken) await broken;
        if (ended == runOut) throw new RetireException($"{await runOut} ({Again()})");
        throw new RetireException($"{await (Task<string>)ended} If '{ingest.Instance}' still runs, stop it first. ({Again()})");
    }

    /// <summary>Ends only when storing fails, or all is over.</summary>
    private static async Task BrokenAsync(Task storing, CancellationToken cancellationToken)
    {
        await storing;
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    private string Again() => _unsubscribed
        ? $"nothing is lost; retire it again, or restart '{ingest.Instance}', which is not subscribed any more"
        : "nothing has changed; retire it again";

    private string Line(bool present) => present
        ? $"Retired '{ingest.Instance}': {totals.Readings} readings drained ({totals.Stored} stored, {totals.Duplicates} stored before, "
            + $"{totals.Rejected} rejected); its sessions have ended."
        : $"Retired '{ingest.Instance}': 0 readings drained; the broker had no session of that name.";
}
