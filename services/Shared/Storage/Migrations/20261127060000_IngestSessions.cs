using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Tally.Storage.Model;

namespace Tally.Storage.Migrations;

/// <summary>The sessions of Ingest's instances, in place of their subscriptions alone.</summary>
[DbContext(typeof(TelemetryDbContext))]
[Migration("20261127060000_IngestSessions")]
internal sealed class IngestSessionsTable : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            name: "ingest_sessions",
            columns: table => new
            {
                instance = table.Column<string>(type: "text", nullable: false),
                key = table.Column<string>(type: "text", nullable: false),
                filters = table.Column<string[]>(type: "text[]", nullable: false),
            },
            constraints: table => table.PrimaryKey("PK_ingest_sessions", row => row.instance));
        migrationBuilder.DropTable("ingest_subscriptions");
    }

    /// <inheritdoc/>
    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("The sessions that instances have at the broker now are not known to the version before.");
}
