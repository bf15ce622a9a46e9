"""Commands for what comes later: labels, predictions and translations onto stored sentences, errata."""
