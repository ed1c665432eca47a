using Microsoft.Extensions.Options;
using Tally.Storage;

namespace Tally.QueryApi.Database;

/// <summary>Checks the connection string with the options, so that one that is missing or broken ends the start with one clear line.</summary>
internal sealed class ConnectionStringCheck(IConfiguration configuration) : IValidateOptions<QueryApiOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, QueryApiOptions options)
    {
        try
        {
            configuration.TelemetryConnectionString();
            return ValidateOptionsResult.Success;
        }
        catch (InvalidOperationException error)
        {
            return ValidateOptionsResult.Fail(error.Message);
        }
    }
}
