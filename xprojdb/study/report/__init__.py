"""What a study says: figures with intervals, tables, and a page that stands by itself."""
