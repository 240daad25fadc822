"""Where an account's data lies outside of the account, and under whose key."""
