"""The queues of the storage account: the scan's own work, and the port for others."""
