"""Shadow testing: send the same requests to two deployments and report the differences."""
