using Tally.AckResponder.Broker;
using Tally.AckResponder.Notices;
using Tally.ServiceDefaults;

namespace Tally.AckResponder;

/// <summary>What AckResponder is made of.</summary>
internal static class AckResponderServices
{
    /// <summary>Adds the session on <c>stored/+</c> and what it does with notices.</summary>
    public static WebApplicationBuilder AddAckResponder(this WebApplicationBuilder builder)
    {
        var broker = builder.Configuration.BrokerAddress();
        builder.Services.AddCheckedOptions<AckResponderOptions>(AckResponderOptions.Section);
        builder.Services.AddMqttClient(builder.Configuration);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<AckResponderMetrics>();
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<NoticeSession>(provider, broker));
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<NoticeWorker>(provider));
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerWatch>(provider, broker));
        builder.Services.AddHealthChecks().AddCheck<NoticeHealthCheck>("notices", tags: [Extensions.ReadyTag]);
        return builder;
    }
}
