"""One file per revision. What is released here is never changed: a change is a new revision."""
