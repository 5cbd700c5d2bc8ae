"""Whether a bundle is still what it was: its files, the journal, the document and the page."""
