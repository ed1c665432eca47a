namespace Tally.Mqtt.Session;

/// <summary>
/// Filters that wait to be subscribed to or unsubscribed from, in as many packets as it takes, one after the other. One that
/// a connection did not live through is asked for again from its beginning: both can be repeated.
/// </summary>
internal sealed class SubscribeRequest : TaskCompletionSource<IReadOnlyList<MqttReasonCode>>
{
    private readonly List<MqttReasonCode> _reasons = [];

    public SubscribeRequest(IReadOnlyList<MqttSubscription> subscriptions, bool initial = false)
        : base(TaskCreationOptions.RunContinuationsAsynchronously) => (Subscriptions, Initial) = (subscriptions, initial);

    public SubscribeRequest(IReadOnlyList<string> filters)
        : base(TaskCreationOptions.RunContinuationsAsynchronously) => (Subscriptions, Unsubscribes) = ([.. filters.Select(filter => new MqttSubscription(filter))], true);

    /// <summary>What it is about; of an UNSUBSCRIBE only the filters count.</summary>
    public IReadOnlyList<MqttSubscription> Subscriptions { get; }

    public bool Unsubscribes { get; }

    /// <summary>What a connection begins with: the client is ready when it is granted, and not without.</summary>
    public bool Initial { get; }

    /// <summary>How many filters are answered.</summary>
    public int Answered => _reasons.Count;

    /// <summary>How many filters the packet holds that is on its way; 0: none is.</summary>
    public int Asked { get; set; }

    public bool IsAnswered => Answered == Subscriptions.Count;

    public void Answer(MqttReasonCode reason) => _reasons.Add(reason);

    /// <summary>Back to the beginning, for the next connection.</summary>
    public void StartAgain()
    {
        _reasons.Clear();
        Asked = 0;
    }

    public void Complete() => TrySetResult(_reasons);
}
