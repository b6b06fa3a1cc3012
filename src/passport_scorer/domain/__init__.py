"""The rules: pure functions over plain types. No HTTP, no SQL, no clock, no environment."""
