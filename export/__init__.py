"""Fingerpost on the workstation: a trained model becomes a versioned bundle for a device."""
