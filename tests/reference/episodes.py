"""Episodes of the copying tasks, as their levels' fields are described."""


def episode(level, drawn):
    """Return the inputs and targets of drawn symbols; a target is None where nothing counts."""
    inputs = [
        drawn[source] if source >= 0 else constant
        for source, constant in zip(level.source, level.constant, strict=True)
    ]
    return inputs, [drawn[wanted] if wanted >= 0 else None for wanted in level.wanted]
