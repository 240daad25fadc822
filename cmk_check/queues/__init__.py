"""Sends to the storage account's queues; the messages of a scan."""
