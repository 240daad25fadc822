"""Evidence for auditors: a folder of files, its manifest, its signature, and their check."""
