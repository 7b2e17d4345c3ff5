"""Rules that hold for the whole project: structure, documents, settings, secrets, private APIs."""
