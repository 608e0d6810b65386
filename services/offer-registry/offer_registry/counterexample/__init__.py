"""Facts and a basket for which a new version makes somebody worse off than the live one, or that channels differ on.

Where two versions differ, they differ just around their bounds: of criteria, quantities, sums, prices and times. So
people and baskets are made from those bounds, priced with both versions by the kernel, and the first one found is made
smaller as long as it stays one. Nothing is random and no clock is read: the same two versions and instant give the
same example. At most `search.PAIRS_MOST` pairs of quotes are made, which bounds the time too; nothing found is
therefore no proof that there is nothing.
"""
