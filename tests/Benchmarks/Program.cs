using System.CommandLine;
using Tally.Benchmarks.Client;
using Tally.Benchmarks.Decode;
using Tally.Benchmarks.Fuzz;
using Tally.Benchmarks.Pipeline;
using Tally.Benchmarks.Tracing;

var root = new RootCommand("Tally's benchmarks: what the README quotes, measured again.")
{
    PipelineCommand.Create(), TracingCommand.Create(), TracingSideCommand.Create(), ClientCommand.Create(), ClientSideCommand.Create(), DecodeCommand.Create(), FuzzCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
