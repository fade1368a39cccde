"""Real servers, each of the test run's own: PostgreSQL, Milvus and Ray."""
