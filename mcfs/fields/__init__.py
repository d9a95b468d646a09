"""The fields of the language: what each is called, what kind it is of, and where its values are kept."""
