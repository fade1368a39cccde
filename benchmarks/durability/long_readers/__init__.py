"""Read whole stores beside a writer and others who query, and measure for how long anyone waits."""
