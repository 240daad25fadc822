"""The edge to Table Storage: findings, coverage, scans and the change feed as rows."""
