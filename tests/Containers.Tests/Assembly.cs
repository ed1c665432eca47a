using Xunit;

// Each test is a whole pipeline of seven containers: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
