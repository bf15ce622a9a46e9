"""Importing: methods of the database that read files."""
