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
        builder.Configuration.BrokerAddress(); // what is wrong with it is said before anything runs
        builder.Services.AddCheckedOptions<AckResponderOptions>(AckResponderOptions.Section);
        builder.Services.AddMqttClient(builder.Configuration);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<AckResponderMetrics>();
        builder.Services.AddSingleton(provider => new BrokerSessions(
            builder.Configuration.BrokerAddress(), builder.Configuration.SecretClientId(provider.GetRequiredService<AckResponderOptions>().ClientId)));
        builder.Services.AddSingleton<BrokerSigns>();
        builder.Services.AddSingleton<NoticeSession>();
        builder.Services.AddHostedService<NoticeWorker>();
        builder.Services.AddHostedService<BrokerWatch>();
        builder.Services.AddHealthChecks().AddCheck<NoticeHealthCheck>("notices", tags: [Extensions.ReadyTag])
            .AddCheck<BrokerHealthCheck>("broker", tags: [Extensions.ReadyTag]);
        return builder;
    }
}
