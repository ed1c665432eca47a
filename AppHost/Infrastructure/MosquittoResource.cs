namespace Tally.AppHost.Infrastructure;

/// <summary>Mosquitto, as a container or as a program of this machine. Each service has a user of its own, so there is a connection string for each.</summary>
internal interface IMosquittoResource : IResourceWithConnectionString, IResourceWithEndpoints, IResourceWithWaitSupport
{
    /// <summary>Name of its endpoint, and its URI scheme.</summary>
    const string EndpointName = "mqtt";

    /// <summary>The user that sees everything and changes nothing: the health check's, and a person's who looks.</summary>
    const string Viewer = "viewer";

    /// <summary>Password of each user.</summary>
    IReadOnlyDictionary<string, ParameterResource> Passwords { get; }

    /// <summary>Where it listens.</summary>
    EndpointReference Endpoint => new(this, EndpointName);

    /// <summary>The viewer's address.</summary>
    ReferenceExpression IResourceWithConnectionString.ConnectionStringExpression => AddressOf(Viewer);

    /// <summary>Address with user and password, as <c>ConnectionStrings:mqtt</c> takes it.</summary>
    ReferenceExpression AddressOf(string user)
    {
        var builder = new ReferenceExpressionBuilder();
        builder.AppendLiteral($"{EndpointName}://{user}:");
        builder.Append($"{Passwords[user]:uri}"); // percent-encoded
        builder.AppendLiteral("@");
        builder.Append($"{Endpoint.Property(EndpointProperty.IPV4Host)}:{Endpoint.Property(EndpointProperty.Port)}");
        return builder.Build();
    }
}

/// <summary>Mosquitto in a container.</summary>
internal sealed class MosquittoContainer(string name, IReadOnlyDictionary<string, ParameterResource> passwords) : ContainerResource(name), IMosquittoResource
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, ParameterResource> Passwords => passwords;

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
}

/// <summary>Mosquitto as a program of this machine.</summary>
internal sealed class MosquittoExecutable(string name, ServerProgram program, IReadOnlyDictionary<string, ParameterResource> passwords)
    : ExecutableResource(name, program.Path, program.WorkingDirectory), IMosquittoResource
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, ParameterResource> Passwords => passwords;
}
