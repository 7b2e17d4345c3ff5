"""The sensors, one file each. A sensor asks a source what is new and requests runs; it loads nothing."""
