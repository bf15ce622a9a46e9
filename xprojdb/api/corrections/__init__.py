"""The methods of a database for what comes later: labels, predictions and translations onto sentences; errata."""
