"""Read and write Pharaoh alignments in batches."""
