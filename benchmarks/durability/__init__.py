"""Break stores in every way that a machine can, and count what is lost or wrong afterwards."""
