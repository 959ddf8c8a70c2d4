"""What health checks, watchdog, alerts and Prometheus see of trading."""
