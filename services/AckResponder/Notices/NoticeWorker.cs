using Tally.Mqtt;
using Tally.ServiceDefaults;

namespace Tally.AckResponder.Notices;

/// <summary>Runs the session as long as the service runs.</summary>
internal sealed class NoticeWorker(NoticeSession session, FinalError final) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await session.RunAsync(stoppingToken);
        }
        catch (MqttRefusedException refused)
        {
            final.Stop(refused.Message);
        }
    }
}
