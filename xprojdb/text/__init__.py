"""Text processing without a database: spans and tags, label schemes, languages, words, failed translations."""
