"""``edge doctor``: one page about this device, each line ok, warn or fail, with the remedy."""
