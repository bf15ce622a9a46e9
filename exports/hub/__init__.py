"""Publishing: an exported folder becomes one commit on the Hugging Face Hub."""
