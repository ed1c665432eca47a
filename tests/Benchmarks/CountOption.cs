using System.CommandLine;

namespace Tally.Benchmarks;

/// <summary>Options that are a number from 1.</summary>
internal static class CountOption
{
    /// <summary>One of them.</summary>
    public static Option<int> Of(string name, string description, int byDefault)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out var number) && number > 0))
                result.AddError($"{option.Name} is '{result.Tokens[0].Value}': a number from 1 is allowed.");
        });
        return option;
    }
}
