"""Performance against the floor: what the program costs beside what nobody can do without."""
