"""Judge accounts in templates and plans before the accounts exist in Azure."""
