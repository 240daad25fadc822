"""Sends messages to the storage account's queues, and defines the messages of a scan."""
