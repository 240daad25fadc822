"""What runs on a laptop instead of Azure. Never deployed."""
