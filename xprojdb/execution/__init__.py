"""Run the pending steps of a plan: batches, workers, leases, and a single writer."""
