"""Real servers that a test run starts and stops itself: PostgreSQL and Milvus."""
