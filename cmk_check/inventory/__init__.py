"""The edge to Azure Resource Manager: requests in, readings out."""
