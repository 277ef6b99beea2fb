"""Where pictures come from: cameras, clips, folders, recordings."""
