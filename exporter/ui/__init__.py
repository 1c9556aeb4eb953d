"""What a person sees: view models, texts in two languages, templates. No I/O but reading the package's own files."""
