using Shouldly;
using Tally.AppHost;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class LaunchChoiceTests
{
    private const string NotBuilt = "this build has no Aspire";
    private const string NotHere = "there is no container engine";

    [Fact]
    public async Task Aspire_is_taken_where_it_is_built_in_and_can_start_something()
    {
        var choice = await Choose(new RunOptions { Dashboard = true });
        choice.Mode.ShouldBe(LaunchMode.Aspire);
        choice.Reason.ShouldContain("--local");
    }

    [Theory]
    [InlineData(NotBuilt, null)]
    [InlineData(null, NotHere)]
    public async Task Elsewhere_it_is_local_mode_and_says_why(string? notBuilt, string? notHere)
    {
        var choice = await Choose(new RunOptions { Dashboard = true }, notBuilt, notHere);
        choice.Mode.ShouldBe(LaunchMode.Local);
        choice.Reason.ShouldBe($"Starting locally: {notBuilt ?? notHere}.");
    }

    [Fact]
    public async Task With_local_the_machine_is_not_asked()
    {
        var choice = await LaunchChoice.MakeAsync(
            new RunOptions { Mode = LaunchMode.Local, Dashboard = true }, null, _ => throw new InvalidOperationException("It was asked."), TestContext.Current.CancellationToken);
        choice.Mode.ShouldBe(LaunchMode.Local);
    }

    public static TheoryData<string> OptionsOfLocalMode => ["--exit", "--report r.json", "--reset", "--data d", "--no-dashboard"];

    [Theory]
    [MemberData(nameof(OptionsOfLocalMode))]
    public async Task An_option_that_is_there_locally_only_means_local_mode(string option)
    {
        var choice = await Choose(Read(option));
        choice.Mode.ShouldBe(LaunchMode.Local);
        choice.Reason.ShouldContain(option.Split(' ')[0]);
    }

    [Theory]
    [MemberData(nameof(OptionsOfLocalMode))]
    public async Task With_aspire_it_is_a_mistake(string option)
    {
        var choice = await Choose(Read(option + " --aspire"));
        choice.Mode.ShouldBe(LaunchMode.Automatic);
        choice.Status.ShouldBe(2);
        choice.Reason.ShouldContain($"--aspire and {option.Split(' ')[0]} exclude each other");
    }

    [Fact]
    public async Task Aspire_that_is_asked_for_and_not_built_in_is_refused()
    {
        var choice = await Choose(Read("--aspire"), notBuilt: NotBuilt);
        choice.Mode.ShouldBe(LaunchMode.Automatic);
        choice.Status.ShouldBe(3);
        choice.Reason.ShouldContain(NotBuilt);
    }

    [Theory]
    [InlineData("--replicas 2 --local")]
    [InlineData("--replicas 2 --exit")]
    public async Task Local_mode_has_one_Ingest(string arguments)
    {
        var choice = await Choose(Read(arguments));
        choice.Mode.ShouldBe(LaunchMode.Automatic);
        choice.Status.ShouldBe(2);
        choice.Reason.ShouldContain("--replicas is '2'");
    }

    private static Task<LaunchChoice> Choose(RunOptions options, string? notBuilt = null, string? notHere = null) =>
        LaunchChoice.MakeAsync(options, notBuilt, _ => Task.FromResult(notHere), TestContext.Current.CancellationToken);

    private static RunOptions Read(string arguments) => CommandLine.Parse(arguments.Split(' '), TextWriter.Null).Options.ShouldNotBeNull();
}
