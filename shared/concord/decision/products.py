"""Which products something is about: SKUs and categories, without the exclusions (terms §2)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from concord.decision.scalars import CATEGORIES_MOST, SKUS_MOST, Category, Distinct, Sku

Skus = Annotated[list[Sku], Field(max_length=SKUS_MOST), Distinct]
Categories = Annotated[list[Category], Field(max_length=CATEGORIES_MOST), Distinct]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Exclusion(_Part):
    """Products that are left out."""

    skus: Skus = []
    categories: Categories = []


class Products(_Part):
    """Which products are in scope: these SKUs and categories without the exclusions; nothing named is everything."""

    skus: Skus = []
    categories: Categories = []
    exclude: Exclusion = Exclusion()
