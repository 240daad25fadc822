"""The catalogue of reasons: for each code, what it means, what ends it, and who must act."""
