"""Runs an Azure Functions app where neither Azure nor Core Tools are.

``azure-functions-runtime``, the library that is the Python worker on Azure, indexes and invokes the
functions; what is written here takes the place of the .NET host: routes, keys, timers and queues.
"""
