"""Long statements in several lines."""

from __future__ import annotations

from converters.tf_to_torch.readable.forward import WIDTH


def wrapped(line: str) -> list[str]:
    """A statement in as many lines as it needs: arguments one a line where it is long."""
    code, _, comment = line.partition("  # ")
    if len(line) <= WIDTH:
        return [line]
    indent = len(line) - len(line.lstrip())
    after = [f"{' ' * indent}# {comment}"] if comment else []
    if len(code) <= WIDTH:
        return [*after, code]
    opened, inside, closed = _outermost(code)
    if not inside:
        return [*after, code]
    pieces = (
        wrapped(f"{' ' * (indent + 4)}{inside}")
        if len(inside) + indent < WIDTH - 4
        else [
            piece
            for item in _split(inside)
            for piece in _comma(wrapped(f"{' ' * (indent + 4)}{item}"), call=_is_call(opened))
        ]
    )
    return [*after, opened, *pieces, f"{' ' * indent}{closed}"]


def _comma(lines: list[str], *, call: bool) -> list[str]:
    return [*lines[:-1], f"{lines[-1]},"] if call else lines


def _is_call(opened: str) -> bool:
    """Whether a line's bracket holds items, and doesn't only group."""
    return opened[-1] in "[{" or opened[-2:-1].isidentifier() or opened[-2:-1] in "])"


def _outermost(code: str) -> tuple[str, str, str]:
    """A line up to its last outermost bracket, what is in it, and what follows."""
    depth, start, found = 0, 0, (0, 0)
    for place, char in enumerate(code):
        if char in "([{":
            if depth == 0:
                start = place
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0 and place - start > found[1] - found[0]:
                found = (start, place)
    start, end = found
    if end == 0:
        return code, "", ""
    return code[: start + 1], code[start + 1 : end], code[end:]


def _split(inside: str) -> list[str]:
    """At the commas outside brackets and strings."""
    pieces, depth, begun, quoted = [], 0, 0, False
    for place, char in enumerate(inside):
        if char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char in "([{") - (char in ")]}")
            if char == "," and depth == 0:
                pieces.append(inside[begun:place].strip())
                begun = place + 1
    return [piece for piece in (*pieces, inside[begun:].strip()) if piece]
