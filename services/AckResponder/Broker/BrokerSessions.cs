namespace Tally.AckResponder.Broker;

/// <summary>Where the broker is, and what the sessions there are called.</summary>
/// <param name="broker">Its address.</param>
/// <param name="clientId">Client identifier of the session that takes notices, and the beginning of the others'.</param>
internal sealed class BrokerSessions(Uri broker, string clientId)
{
    /// <summary>The broker's address.</summary>
    public Uri Broker => broker;

    /// <summary>Client identifier of the session that takes notices, and the beginning of the others'.</summary>
    public string ClientId => clientId;
}
