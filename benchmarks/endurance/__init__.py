"""The service as systemd starts it, for as long as one likes and with every fault that can be played on a host."""
