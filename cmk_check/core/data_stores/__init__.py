"""Where an account keeps data outside the account, and under whose key."""
