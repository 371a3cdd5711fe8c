"""What an organization promises itself: rules in plain words, kept on every change."""
