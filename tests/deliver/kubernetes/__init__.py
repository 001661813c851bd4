"""The gate as a Job."""
