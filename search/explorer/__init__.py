"""The explorer: a collection as one page that needs no network.

`collection.py` reads the items and their neighbours, `picture_pages.py` packs their pictures,
and `page.py` writes them with the modules in `page/` into one HTML file.
"""
