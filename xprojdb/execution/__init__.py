"""Run what is pending of a plan: batches, workers, leases, and the one writer."""
