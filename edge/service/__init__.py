"""Being a service: readiness towards systemd."""
