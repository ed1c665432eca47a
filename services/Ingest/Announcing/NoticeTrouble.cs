using Tally.Mqtt;

namespace Tally.Ingest.Announcing;

/// <summary>The broker refuses notices: says so once, and makes the service not ready until one goes through.</summary>
internal sealed class NoticeTrouble(ILogger<NoticeTrouble> logger)
{
    private volatile string? _line;

    /// <summary>What is wrong, with the way out; null when nothing is.</summary>
    public string? Line => _line;

    /// <summary>The broker refused a notice.</summary>
    public void Refused(MqttReasonCode reason)
    {
        var line = $"the broker refuses notices on stored/…: {reason} (0x{(byte)reason:X2}); allow this user to write stored/# (Mosquitto: acl_file)";
        if (_line == line) return;
        _line = line;
        logger.LogError("Readings are stored but not acknowledged: {Trouble}.", line);
    }

    /// <summary>A notice went through.</summary>
    public void Over()
    {
        if (_line is null) return;
        _line = null;
        logger.LogInformation("The broker takes notices again.");
    }
}
