"""Other tools' formats, read back by the tools that read them."""
