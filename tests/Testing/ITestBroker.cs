namespace Tally.Testing;

/// <summary>A broker that runs for tests, on a free port of 127.0.0.1.</summary>
public interface ITestBroker : IAsyncDisposable
{
    /// <summary>Port; stays when it is started again.</summary>
    int Port { get; }

    /// <summary>Address with user and password: <c>mqtt://user:password@127.0.0.1:port</c>.</summary>
    /// <param name="user">ingest, ackresponder, simulator, queryapi, device or viewer.</param>
    Uri AddressOf(string user);
}
