"""Recording what was tried: parameters, metrics by step, artifacts, environment and resources of every run."""
