"""A folder in which every file is a key: the embedded default."""
