"""What a suite says, once, and the three ways it is shown: on a terminal, as Markdown, as one self-contained page."""
