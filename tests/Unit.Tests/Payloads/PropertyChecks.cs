using FsCheck;
using FsCheck.Fluent;

namespace Tally.Unit.Tests.Payloads;

/// <summary>Properties are checked with a fixed seed: a failure is the same on every machine.</summary>
internal static class PropertyChecks
{
    public static void Check<T>(Gen<T> values, Action<T> holds) =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1_000).WithReplay(8_428, 20_261_121),
            Prop.ForAll(values.ToArbitrary(), value =>
            {
                holds(value);
                return true;
            }));
}
