"""The views: one module for each resource of the HTTP API.

All that read raise StoreError.
"""
