using Shouldly;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class BrokerUsersTests
{
    [Fact]
    public void A_password_line_is_what_mosquitto_passwd_writes()
    {
        var line = BrokerUsers.PasswordLine("viewer", "s3cret", Convert.FromBase64String("bhgmH1+HKLmy1J9r"));
        line.ShouldBe("viewer:$7$101$bhgmH1+HKLmy1J9r$acUoVoXsMmzLGiUA7g32lrEpjIDScJ41tuZDUzu5jTDoyfYPzNbc7Jgy1fF9qTzrEqsXrDxHooIsVKUZU1gRvg==");
    }

    [Fact]
    public void Two_lines_for_one_password_have_different_salts() =>
        BrokerUsers.PasswordLine("a", "b").ShouldNotBe(BrokerUsers.PasswordLine("a", "b"));

    [Fact]
    public void Every_user_has_its_part_of_the_ACL()
    {
        var users = File.ReadLines(Path.Combine(Repository.Root, "services", "Broker", "tally.acl"))
            .Where(line => line.StartsWith("user ", StringComparison.Ordinal))
            .Select(line => line["user ".Length..]);
        users.ShouldBe(BrokerUsers.All, ignoreOrder: true);
    }
}
