"""Line filters over lines that are held as shapes and columns.

A text or regular expression that is looked for becomes an automaton that reads bytes. Most of what it reads is
known once for many lines: the text around the values is that of the shape, many values are one of a few,
and most ids and numbers can't move the automaton at all, because no byte that they are made of does. So a
filter over millions of lines reads a few columns of codes, and puts no line together.
"""
