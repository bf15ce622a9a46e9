"""Labels that come later: of annotators, correctors and other tools, put onto sentences that are stored."""
