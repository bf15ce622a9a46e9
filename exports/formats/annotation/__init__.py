"""The formats of annotation tools and spreadsheets, each of which our readers read back."""
