"""`TrainingMonitor`: watch, start, stop and resume a training."""
