using System.Collections;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Tally.ServiceDefaults;

/// <summary>Options of a service: one record, one section, checked before anything starts.</summary>
public static class OptionsRegistration
{
    /// <summary>
    /// Binds a section to an options record, checks it at start by its attributes and, where it is
    /// <see cref="IValidatableObject"/>, by itself, and registers the record itself for injection.
    /// </summary>
    public static IServiceCollection AddCheckedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(new SectionValidator<TOptions>(section));
        services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) => Bind(configuration, section, options))
            .ValidateOnStart();
        return services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
    }

    private static void Bind(IConfiguration configuration, string section, object options)
    {
        try
        {
            configuration.GetSection(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException error)
        {
            // The binder's message names key and value; the way out is the section's name as an environment variable.
            throw new OptionsValidationException(section, options.GetType(), [$"{error.Message} (section {section}, environment {section}__…)"]);
        }
    }

    private sealed class SectionValidator<TOptions>(string section) : IValidateOptions<TOptions>
        where TOptions : class
    {
        public ValidateOptionsResult Validate(string? name, TOptions options)
        {
            var results = new List<ValidationResult>();
            if (Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true))
                return ValidateOptionsResult.Success;

            return ValidateOptionsResult.Fail(results.Select(result => Describe(options, result)));
        }

        private string Describe(TOptions options, ValidationResult result)
        {
            var member = result.MemberNames.FirstOrDefault() ?? "";
            var value = typeof(TOptions).GetProperty(member)?.GetValue(options);
            var said = value is IEnumerable and not string ? "" : $" is '{value}'"; // of a list, the message names the element
            return $"{section}:{member}{said}: {result.ErrorMessage} (environment {section}__{member})";
        }
    }
}
