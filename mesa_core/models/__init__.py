"""What the API answers, as frozen attrs classes; and what it is asked with, as TypedDicts.

One module per area, with the names of `mesa_core.resources`. Unknown fields are ignored,
unknown enum values are kept as strings, an unknown `type` becomes `Unknown`.
"""
