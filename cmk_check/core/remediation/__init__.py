"""The plan that fixes an account or its key, written as an `az` script and as Bicep."""
