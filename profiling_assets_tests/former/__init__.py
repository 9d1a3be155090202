"""What the version before 0.2.0 made: a workspace of one small plate, and its DAGSTER_HOME."""
