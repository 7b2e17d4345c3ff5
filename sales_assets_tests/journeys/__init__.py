"""Whole journeys through the location: from a source to gold, through commands and processes."""
