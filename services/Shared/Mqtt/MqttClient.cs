using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging.Abstractions;

namespace Tally.Mqtt;

/// <summary>
/// A session on MQTTnet's packets, MQTT 5 and 3.1.1: many packets in each socket write and each read, acknowledgements in batches,
/// bounded in both directions. What it keeps is the session: messages in flight, and how far their sending has come.
/// </summary>
public sealed partial class MqttClient : IMqttClient
{
    private const ushort SubscribePacketId = ushort.MaxValue; // above every packet identifier of a message, so that the two cannot meet
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1); // a broker that broke the protocol is told why, if it takes that at once

    // Mosquitto 2.0.11 closes the older of two connections with one client identifier without a word (seen); three times this early is no accident.
    private static readonly TimeSpan EarlyEndTime = TimeSpan.FromSeconds(5);
    private const int EarlyEndsOfTakeover = 3;

    private readonly MqttClientOptions _options;
    private readonly IMqttHandler _handler;
    private readonly ILogger _logger;
    private readonly BrokerAddress _broker;
    private readonly CancellationTokenSource _disposing = new();
    private readonly Gathering _receiveGathering, _sendGathering;

    // The session's state. All of it is used under the lock; the handler is never called under it.
    private readonly Lock _gate = new();
    private readonly OutgoingBuffer _outgoing = new();
    private readonly InFlightMessages _inFlight;
    private Connection? _open;
    private Exception? _over;
    private Task? _run;
    private bool _disposed;

    // Used by the loop of RunAsync only.
    private int _earlyEnds, _failures;
    private string? _lastTold;
    private volatile int _epoch;

    /// <summary>Makes a client that is not connected yet. Connections won and lost are logged, nothing per message.</summary>
    /// <exception cref="ArgumentException">An option cannot be used.</exception>
    public MqttClient(MqttClientOptions options, IMqttHandler handler, ILogger<MqttClient>? logger)
    {
        MqttClientOptionsCheck.Check(options);
        (_options, _handler, _logger, _broker) = (options, handler, logger ?? NullLogger<MqttClient>.Instance, BrokerAddress.From(options));
        _clientId = options.ClientId;
        (_receiveGathering, _sendGathering) = (new Gathering(options.GatherTime), new Gathering(options.GatherTime));
        _inFlight = new InFlightMessages(Math.Min(options.PublishWindow, (ushort)(SubscribePacketId - 1)));
        _subscriptions = [.. options.Subscriptions];
    }

    /// <inheritdoc/>
    public int Epoch => _epoch;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_run is not null) throw new InvalidOperationException("RunAsync can be called once; make a new client.");
            return _run = Task.Run(() => RunConnectionsAsync(stop), CancellationToken.None);
        }
    }

    /// <summary>Stops like <see cref="RunAsync"/> does, and waits for it. Not to be awaited from within a handler.</summary>
    /// <exception cref="InvalidOperationException">Called by a handler, for which it would wait.</exception>
    public async ValueTask DisposeAsync()
    {
        RefuseWithinHandler(nameof(DisposeAsync));
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
        }

        await _disposing.CancelAsync();
        if (_run is { } run) await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // how it ended is for the caller of RunAsync to see
        else EndSession(new ObjectDisposedException(nameof(MqttClient)));
        _disposing.Dispose();
        _leaving.Dispose();
    }

    private async Task RunConnectionsAsync(CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposing.Token, _leaving.Token);
        Exception over = new MqttSessionLostException($"The MQTT client '{_clientId}' was stopped.");
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var end = await ConnectAndServeAsync(stopping.Token);
                Tell(end);
                if (end.Fault is not null) ExceptionDispatchInfo.Throw(end.Fault);
                if (end.Final) throw new MqttRefusedException(end.Reason, end.Message) { ReasonString = end.ReasonString };
                if (end.Stopped) return;
                var pause = _earlyEnds < EarlyEndsOfTakeover ? NextPause() : _options.TakeoverDelay;
                await Task.Delay(pause, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception error)
        {
            // Whoever waits for the session learns why there is none any more; the exception itself goes to the caller.
            over = error;
            throw;
        }
        finally
        {
            CloseUnanswered(0);
            EndSession(over);
        }
    }

    /// <summary>Exponential back-off with full jitter: a random time below a bound that doubles, so that many clients of a broker that restarts do not come at once.</summary>
    private TimeSpan NextPause()
    {
        var bound = Math.Min(_options.MaxReconnectDelay.TotalMilliseconds, _options.ReconnectDelay.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 30)));
        return TimeSpan.FromMilliseconds(bound * Random.Shared.NextDouble());
    }

    private async Task<ConnectionEnd> ConnectAndServeAsync(CancellationToken stop)
    {
        var (opened, connAck, failure) = await TryConnectAsync(stop);
        if (opened is null) return WeighClosing(failure!);
        using var connection = opened;
        var subscribing = Task.CompletedTask;
        try
        {
            subscribing = Begin(connection, connAck!);
        }
        catch (Exception error)
        {
            // Only the handler can fail here; its exception ends the client.
            connection.End(Fault(error));
        }

        var send = OnThread(() => SendLoop(connection));
        var receive = OnThread(() => ReceiveLoop(connection));
        var keepAlive = KeepAliveLoopAsync(connection);
        ConnectionEnd end;
        await using (stop.UnsafeRegister(static connection => ((Connection)connection!).End(ConnectionEnd.ByStop), connection))
        {
            end = await connection.Ended;
        }

        Close(connection, end);
        connection.AbortAfter(end.Stopped ? _options.StopTimeout : end.Farewell is null ? TimeSpan.Zero : FarewellTime);
        await Task.WhenAll(send, receive, keepAlive, subscribing);
        return AfterLife(connection, end);
    }

    /// <summary>Counts connections that the broker closed early: two clients with one identifier take the session from each other.</summary>
    private ConnectionEnd AfterLife(Connection connection, ConnectionEnd end)
    {
        end = end with { Epoch = connection.Epoch };
        if (Environment.TickCount64 - connection.ConnectedAt >= EarlyEndTime.TotalMilliseconds) (_earlyEnds, _lastTold) = (0, null);
        else if (end.WithoutAWord && ++_earlyEnds >= EarlyEndsOfTakeover)
        {
            var message = $"Another client uses id '{_clientId}' at broker {_broker}: the connection was closed without a word within " +
                $"{EarlyEndTime.TotalSeconds} s of CONNACK {EarlyEndsOfTakeover} times in a row. Give each process a client id of its own.";
            return end with { Reason = MqttReasonCode.SessionTakenOver, Message = message };
        }

        return end;
    }

    /// <summary>Tells owner and log why a connection, or the attempt at one, ended; the same failure of attempts in a row only once.</summary>
    private void Tell(ConnectionEnd end)
    {
        var isNew = end.Message != _lastTold;
        _lastTold = end.Message;
        if (isNew && end.Stopped) _logger.LogInformation("MQTT: {Message}", end.Message);
        else if (isNew && !end.Final && end.Fault is null) _logger.LogWarning("MQTT: {Message} Connecting again.", end.Message);
        if (!isNew && end.Epoch == 0) return;
        InHandler(() => _handler.OnDisconnected(new MqttDisconnected(end.Epoch, end.Reason, end.Message, end.ReasonString)));
    }

    private ConnectionEnd Refusal(string does, MqttReasonCode reason, string? said, string? server = null) =>
        new(reason, Refusals.Describe(_broker, _clientId, does, reason, said, server)) { Final = Refusals.IsFinal(reason), ReasonString = said };

    /// <summary>Runs what blocks in the socket on a thread of its own.</summary>
    private static Task OnThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static ConnectionEnd Fault(Exception error) =>
        new(MqttReasonCode.ImplementationSpecificError, $"{error.GetType().Name}: {error.Message}") { Fault = error, Farewell = MqttReasonCode.ImplementationSpecificError };
}
