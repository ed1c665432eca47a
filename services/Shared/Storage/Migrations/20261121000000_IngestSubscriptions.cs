using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Tally.Storage.Model;

namespace Tally.Storage.Migrations;

/// <summary>What each instance of Ingest has subscribed to. Services of the version before do not look at it.</summary>
[DbContext(typeof(TelemetryDbContext))]
[Migration("20261121000000_IngestSubscriptions")]
internal sealed class IngestSubscriptions : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.CreateTable(
        name: "ingest_subscriptions",
        columns: table => new
        {
            instance = table.Column<string>(type: "text", nullable: false),
            filter = table.Column<string>(type: "text", nullable: false),
        },
        constraints: table => table.PrimaryKey("PK_ingest_subscriptions", row => new { row.instance, row.filter }));

    /// <inheritdoc/>
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("ingest_subscriptions");
}
