"""The templates of `init`, each run by the most real executor that a machine without their services can have."""
