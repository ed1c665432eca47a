using Xunit;

// Each test is a whole pipeline of seven processes: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
