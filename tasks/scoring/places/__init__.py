"""Places where files arrive and results go: folders, or prefixes in an object store."""
