"""A rendered hand that finger-spells: clips and training pictures that no person posed for."""
