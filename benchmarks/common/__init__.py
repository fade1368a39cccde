"""What measures, peers and durability share: a measurement with its spread, timing, and the machine."""
