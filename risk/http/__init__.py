"""The operator's endpoints beside the API, and what every answer over HTTP keeps to."""
