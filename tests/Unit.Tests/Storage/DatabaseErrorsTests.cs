using System.Net.Sockets;
using Npgsql;
using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Storage;

public sealed class DatabaseErrorsTests
{
    private const string Connection = "Host=db.example;Port=5433;Username=tally;Password=secret;Database=telemetry";

    [Theory]
    [InlineData("23505", DatabaseErrorClass.Duplicate)]
    [InlineData("40001", DatabaseErrorClass.Transient)]
    [InlineData("40P01", DatabaseErrorClass.Transient)]
    [InlineData("08006", DatabaseErrorClass.Transient)]
    [InlineData("53100", DatabaseErrorClass.Transient)]
    [InlineData("57P03", DatabaseErrorClass.Transient)]
    [InlineData("25006", DatabaseErrorClass.Transient)]
    [InlineData("55P03", DatabaseErrorClass.Transient)]
    [InlineData("XX000", DatabaseErrorClass.Transient)]
    [InlineData("22021", DatabaseErrorClass.Row)]
    [InlineData("22008", DatabaseErrorClass.Row)]
    [InlineData("23502", DatabaseErrorClass.Row)]
    [InlineData("54000", DatabaseErrorClass.Row)]
    [InlineData("28P01", DatabaseErrorClass.NotReady)]
    [InlineData("28000", DatabaseErrorClass.NotReady)]
    [InlineData("3D000", DatabaseErrorClass.NotReady)]
    [InlineData("42P01", DatabaseErrorClass.NotReady)]
    [InlineData("42501", DatabaseErrorClass.NotReady)]
    public void Each_SQLSTATE_has_its_class(string sqlState, DatabaseErrorClass expected) =>
        DatabaseErrors.Classify(Refused(sqlState)).ShouldBe(expected);

    [Fact]
    public void A_check_is_the_rows_fault_only_where_it_has_a_name()
    {
        DatabaseErrors.Classify(Refused("23514", constraint: "not_too_hot")).ShouldBe(DatabaseErrorClass.Row);
        DatabaseErrors.Classify(Refused("23514")).ShouldBe(DatabaseErrorClass.Transient);
    }

    [Fact]
    public void What_never_reached_the_server_is_transient()
    {
        DatabaseErrors.Classify(new NpgsqlException("cut", new IOException())).ShouldBe(DatabaseErrorClass.Transient);
        DatabaseErrors.IsDatabase(new NpgsqlException("cut", new IOException())).ShouldBeTrue();
        DatabaseErrors.IsDatabase(new InvalidOperationException()).ShouldBeFalse();
    }

    [Fact]
    public void A_line_names_the_thing_and_the_way_out_and_never_the_password()
    {
        var errors = new Exception[]
        {
            Refused("28P01"), Refused("3D000"), Refused("42P01"), Refused("53100"), Refused("XX000"),
            new NpgsqlException("failed", new SocketException((int)SocketError.ConnectionRefused)),
            new NpgsqlException("failed", new SocketException((int)SocketError.HostNotFound)),
            new NpgsqlException("failed", new TimeoutException()),
            new NpgsqlException("failed", new IOException("the stream ended.")),
        };

        var lines = errors.Select(error => DatabaseErrors.Explain(error, Connection)).ToList();

        lines.ShouldBe(
        [
            "28P01 the server's words: correct user tally or password in ConnectionStrings:telemetry (environment ConnectionStrings__telemetry)",
            "3D000 the server's words: create the database telemetry, then run `Ingest migrate`",
            "42P01 the server's words: the database telemetry does not have this version's tables; run `Ingest migrate`",
            "53100 the server's words: free space on the database's disk",
            "XX000 the server's words: look at the server's log",
            "no PostgreSQL answers on db.example:5433 (connection refused): start it, or correct ConnectionStrings:telemetry (environment ConnectionStrings__telemetry)",
            "the name of db.example:5433 cannot be resolved: correct ConnectionStrings:telemetry (environment ConnectionStrings__telemetry)",
            "db.example:5433 did not answer in time: look at the server's load and at the network between",
            "the connection to db.example:5433 failed (the stream ended): look at the server and at the network between",
        ]);
        lines.ShouldAllBe(line => !line.Contains("secret") && !line.Contains('\n'));
    }

    private static PostgresException Refused(string sqlState, string? constraint = null) =>
        new("the server's words.", "ERROR", "ERROR", sqlState, constraintName: constraint);
}
