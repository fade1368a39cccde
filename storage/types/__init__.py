"""The values that go into a store and come out of it: items, embeddings, vectors, jobs, filters and queries."""
