"""What tells people and other systems how the location is doing. Nothing here changes data or starts runs."""
