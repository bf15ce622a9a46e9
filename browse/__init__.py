"""Pages on a database: sentences with their labels and what is behind them, and people who correct these."""
