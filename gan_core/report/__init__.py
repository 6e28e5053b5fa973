"""A run, or a comparison of runs, as one HTML page that needs nothing else: to hand in, to print, to keep.

run.py         the report of one run
comparison.py  that of several
page.py        what both are made of: sections, tables, pictures, charts
"""
