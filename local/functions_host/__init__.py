"""Runs an Azure Functions app without Azure and without Core Tools.

``azure-functions-runtime``, the library that is the Python worker on Azure, indexes and invokes the
functions. This package replaces the .NET host: routes, keys, timers and queues.
"""
