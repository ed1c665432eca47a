namespace Tally.AppHost.Aspire;

/// <summary>Mosquitto as a container. Each service has a user of its own, so there is a connection string for each.</summary>
/// <param name="name">Name of the resource.</param>
/// <param name="passwords">Password of each user.</param>
internal sealed class MosquittoResource(string name, IReadOnlyDictionary<string, ParameterResource> passwords)
    : ContainerResource(name), IResourceWithConnectionString
{
    /// <summary>Name of its endpoint, and its URI scheme.</summary>
    public const string EndpointName = "mqtt";

    /// <summary>The user that sees everything and changes nothing: whose password the health check has, and a person who looks.</summary>
    public const string Viewer = "viewer";

    /// <summary>Where it listens.</summary>
    public EndpointReference PrimaryEndpoint => field ??= new(this, EndpointName);

    /// <summary>The viewer's address.</summary>
    public ReferenceExpression ConnectionStringExpression => AddressOf(Viewer);

    /// <summary>All users, <c>user:password user:password …</c>, as services/Broker/container/start.sh takes them.</summary>
    public ReferenceExpression Users
    {
        get
        {
            var builder = new ReferenceExpressionBuilder();
            foreach (var (user, password) in passwords)
            {
                builder.AppendLiteral(builder.IsEmpty ? $"{user}:" : $" {user}:");
                builder.Append($"{password}");
            }

            return builder.Build();
        }
    }

    /// <summary>Address with user and password, as <c>ConnectionStrings:mqtt</c> takes it.</summary>
    public ReferenceExpression AddressOf(string user)
    {
        var builder = new ReferenceExpressionBuilder();
        builder.AppendLiteral($"{EndpointName}://{user}:");
        builder.Append($"{passwords[user]:uri}"); // percent-encoded
        builder.AppendLiteral("@");
        builder.Append($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");
        return builder.Build();
    }

    /// <summary>Password of a user.</summary>
    public ParameterResource PasswordOf(string user) => passwords[user];
}
