"""The bundle: manifest schema, reading and verifying, the store."""
