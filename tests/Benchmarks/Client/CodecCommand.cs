using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Tally.Benchmarks.Client;

/// <summary>The verb <c>codec</c>.</summary>
internal static class CodecCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var command = new Command("codec", "Measures encoding and decoding of single packets.");
        command.SetAction(_ =>
        {
            // In this process: BenchmarkDotNet's own way, a project made and restored for each job, needs a package feed.
            var config = DefaultConfig.Instance
                .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
                .WithArtifactsPath(Directory.CreateTempSubdirectory("tally-codec-").FullName);
            BenchmarkRunner.Run<CodecBenchmark>(config);
        });
        return command;
    }
}
