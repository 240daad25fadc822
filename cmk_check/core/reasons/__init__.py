"""The catalogue of reasons: what each reason means, how to resolve it, and who must act."""
