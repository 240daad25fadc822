"""Judge Azure Policy exemptions, and determine which changes of exceptions to announce."""
