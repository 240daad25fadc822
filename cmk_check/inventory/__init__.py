"""Reading Azure Resource Manager."""
