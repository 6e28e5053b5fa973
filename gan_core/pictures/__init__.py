"""Pictures of one's own: files, archives or a folder, decoded in a process of their own and kept as a named set.

limits, choices   what is taken, and how a picture becomes a square of pixels
reasons           why a file was not taken, in words
members, archives, decoding, worker   the process that reads and decodes what came from outside; it imports no torch
importing         the job that drives it: progress, cancel, the finished set
upload            files on their way in from a browser, on the disk and not in memory
store             the sets that are kept, by owner
advice            which recipe suits how many pictures
command           the same from the command line
"""
