"""Review of labels by people: campaigns, decisions, agreement, and gold labels from them."""
