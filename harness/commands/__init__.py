"""The commands of ``art15``, each in the file of what it is about."""
