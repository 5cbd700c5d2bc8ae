"""Other forms of what a bundle holds, and files of others that are held against it."""
