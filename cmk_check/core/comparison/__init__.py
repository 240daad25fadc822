"""Compare readings with recorded findings, and derive the changes to announce."""
