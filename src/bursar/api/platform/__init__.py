"""The platform's API: what the business behind a program tells us with its own key, and staff by themselves."""
