"""The batch job step by step: read, decode, embed, write."""
