using System.Diagnostics;
using Npgsql;
using Shouldly;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class DiskFullTests(StoreServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_is_told_and_waited_for_and_nothing_is_lost()
    {
        await using var disk = await SmallDisk.MountAsync();
        await using var admin = new Store(server.Postgres.ConnectionString);
        await admin.ExecuteAsync($"CREATE TABLESPACE small LOCATION '{disk.Directory}'");
        await admin.ExecuteAsync("CREATE DATABASE on_small TEMPLATE migrated TABLESPACE small");
        var database = new NpgsqlConnectionStringBuilder(server.Postgres.ConnectionString) { Database = "on_small" }.ConnectionString;
        await using (var store = new Store(database))
        {
            var writer = store.Writer();
            await writer.WriteAsync(store.Batch(0, 10), Cancellation);
            disk.Fill();

            var writing = writer.WriteAsync(store.Batch(0, 20_000), Cancellation).AsTask();
            await Eventually.UntilAsync(() => store.Log.Warnings.Count > 0, "a line that says that the disk is full");
            store.Log.Warnings[0].ShouldContain("53100");
            store.Log.Warnings[0].ShouldEndWith("No space left on device: free space on the database's disk.");
            writer.Health.SqlState.ShouldBe("53100");
            writing.IsCompleted.ShouldBeFalse();
            disk.Free();

            (await writing).ShouldBe(new BatchResult(19_990, 10, 0));
            store.Log.Warnings.Count.ShouldBe(1);
            (await store.CountAsync("readings")).ShouldBe(20_000);
        }

        await admin.ExecuteAsync("DROP DATABASE on_small WITH (FORCE)");
        await admin.ExecuteAsync("DROP TABLESPACE small");
    }

    /// <summary>A file system of 48 MB in memory: the empty database takes 12. Only root can mount one.</summary>
    private sealed class SmallDisk : IAsyncDisposable
    {
        private readonly string _mounted = System.IO.Directory.CreateTempSubdirectory("tally-disk-").FullName;

        public string Directory => Path.Combine(_mounted, "tablespace");

        private string Filler => Path.Combine(_mounted, "filler");

        public static async Task<SmallDisk> MountAsync()
        {
            if (!Environment.IsPrivilegedProcess) Assert.Skip("Only root can mount a file system small enough to fill.");
            var disk = new SmallDisk();
            if (await RunAsync("mount", "-t", "tmpfs", "-o", "size=48m,mode=0755", "tally-test", disk._mounted) != 0)
            {
                System.IO.Directory.Delete(disk._mounted);
                Assert.Skip("Mounting is not allowed here.");
            }

            System.IO.Directory.CreateDirectory(disk.Directory);
            (await RunAsync("chown", "postgres", disk.Directory)).ShouldBe(0);
            return disk;
        }

        /// <summary>Takes all that is free.</summary>
        public void Fill()
        {
            var block = new byte[64 * 1024];
            using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var size = block.Length; size >= 4096;)
            {
                try
                {
                    file.Write(block.AsSpan(0, size));
                }
                catch (IOException)
                {
                    size /= 2; // does not fit any more
                }
            }
        }

        public void Free() => File.Delete(Filler);

        public async ValueTask DisposeAsync()
        {
            await RunAsync("umount", "--lazy", _mounted);
            System.IO.Directory.Delete(_mounted);
        }

        private static async Task<int> RunAsync(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.StandardError.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);
            return process.ExitCode;
        }
    }
}
