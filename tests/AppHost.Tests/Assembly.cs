using Xunit;

// Each test runs AppHost's Program in this process: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
