"""Plans that fix an account or its key, as an `az` script and as Bicep."""
