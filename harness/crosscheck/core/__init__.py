"""Records, failures and files: what every other folder shares."""
