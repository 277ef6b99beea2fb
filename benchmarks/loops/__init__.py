"""The whole way from a picture to a caption, as processes that can be timed and weighed: ours, and a naive loop."""
