"""YAML or TOML in, typed settings and resources out.

The floors above never see YAML, environment variables or raw dicts. Reads files, runs
nothing; every problem is a ConfigError with file, line and field.
"""
