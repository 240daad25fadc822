"""Judge accounts in templates and plans before they exist, in the shape of Azure's answers."""
