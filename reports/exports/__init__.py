"""Other forms of what a bundle holds, one file each."""
