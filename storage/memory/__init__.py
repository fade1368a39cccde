"""Search in this process: snapshots of the rows, their cache, and the hits of an answer."""
