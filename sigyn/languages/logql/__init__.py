"""LogQL: lexer, parser, syntax tree and printer."""
