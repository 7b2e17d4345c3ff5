"""The proof. A test's name is the sentence that is false when it fails."""
