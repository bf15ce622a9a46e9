"""Labels for stored sentences that come later, from annotators, correctors and other tools."""
