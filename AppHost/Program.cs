Console.WriteLine("Tally");
