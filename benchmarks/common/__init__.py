"""What measures, peers and durability share: a measurement, the machine it was made on, and timing."""
