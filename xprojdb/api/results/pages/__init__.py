"""What pages and reviews return."""
